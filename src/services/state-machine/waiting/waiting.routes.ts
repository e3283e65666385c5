// The HTTP path of waiting for machines.
import { limits } from '#config/limits.ts';
import { problems } from '#src/platform/errors.ts';
import { defineRoute } from '#src/platform/http/route.ts';
import { instanceUnknown } from '../state-machine.errors.ts';
import { instanceParams } from '../state-machine.schema.ts';
import { waitFor } from './waiting.queries.ts';
import { waitOutput, waitQuery } from './waiting.schema.ts';

/** Routes of this area. */
export const routes = [
  defineRoute({
    method: 'get',
    path: '/api/state-machines/:type/:id/wait',
    summary: 'Wait until a machine is done, has a tag or is in a state: for=done, tag:<tag> or state:<path>',
    auth: 'user',
    scope: 'owner',
    params: instanceParams,
    query: waitQuery,
    output: waitOutput,
    problems: [instanceUnknown, problems.unavailable],
    mayTakeMs: limits.waitMaxMs,
    handle: async ({ params, query, caller, gone }) => ({
      status: 200,
      body: await waitFor(caller, params, query, gone()),
    }),
  }),
];
