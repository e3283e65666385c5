// The HTTP paths of what machines went through.
import { Readable } from 'node:stream';
import { defineRoute } from '#src/platform/http/route.ts';
import { stepUnknown } from '../pictures/pictures.errors.ts';
import { instanceUnknown } from '../state-machine.errors.ts';
import { instanceParams } from '../state-machine.schema.ts';
import { readHistory, storyOf, verifyInstance } from './history.queries.ts';
import { exportText, historyOutput, historyQuery, verifyOutput } from './history.schema.ts';

/** Routes of this area. */
export const routes = [
  defineRoute({
    method: 'get',
    path: '/api/state-machines/:type/:id/history',
    summary: 'The steps of a machine, oldest first, and whether their hash chain holds; at=: how it stood then',
    auth: 'user',
    scope: 'owner',
    params: instanceParams,
    query: historyQuery,
    output: historyOutput,
    problems: [instanceUnknown, stepUnknown],
    handle: async ({ params: { type, id }, query, caller }) => {
      return { status: 200, body: await readHistory(caller, type, id, query) };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/api/state-machines/:type/:id/verify',
    summary: 'Check the hash chain of all steps of a machine',
    auth: 'user',
    scope: 'owner',
    params: instanceParams,
    output: verifyOutput,
    problems: [instanceUnknown],
    handle: async ({ params: { type, id }, caller }) => ({
      status: 200,
      body: await verifyInstance(caller, type, id),
    }),
  }),
  defineRoute({
    method: 'get',
    path: '/api/state-machines/:type/:id/export',
    summary:
      'The whole story of a machine, one JSON object a line: steps, effects, timers, and whether the chain holds',
    auth: 'user',
    scope: 'owner',
    limit: 'search',
    params: instanceParams,
    produces: 'application/x-ndjson',
    output: exportText,
    problems: [instanceUnknown],
    handle: async ({ params: { type, id }, caller }) => {
      return { status: 200, body: Readable.from(await storyOf(caller, type, id)) };
    },
  }),
];
