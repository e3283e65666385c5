// The HTTP path of the tasks that wait for somebody.
import { defineRoute } from '#src/platform/http/route.ts';
import { tasksWaitingFor } from './tasks.queries.ts';
import { tasksOutput, tasksQuery } from './tasks.schema.ts';

/** Routes of this area. */
export const routes = [
  defineRoute({
    method: 'get',
    path: '/api/state-machines/tasks',
    summary: 'What machines wait for from you: events you may send now and that are tasks',
    auth: 'user',
    scope: 'self',
    query: tasksQuery,
    output: tasksOutput,
    handle: async ({ query, caller }) => ({ status: 200, body: await tasksWaitingFor(caller, query) }),
  }),
];
