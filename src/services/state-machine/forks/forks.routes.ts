// The HTTP path of forks.
import { tagged } from '#src/platform/http/etag.ts';
import { defineRoute } from '#src/platform/http/route.ts';
import { stepUnknown } from '../pictures/pictures.errors.ts';
import { instanceUnknown } from '../state-machine.errors.ts';
import { instanceParams, stateOutput } from '../state-machine.schema.ts';
import { forkInstance } from './forks.commands.ts';
import { notReplayable } from './forks.errors.ts';
import { sourceAt } from './forks.queries.ts';
import { forkBody } from './forks.schema.ts';

/** Routes of this area. */
export const routes = [
  defineRoute({
    method: 'post',
    path: '/api/state-machines/:type/:id/fork',
    summary: 'Make a machine that stands where this one stood after a step; nobody does its effects',
    auth: { permission: 'machine.operate' },
    scope: 'role',
    limit: 'search',
    params: instanceParams,
    body: forkBody,
    status: 201,
    output: stateOutput,
    alsoAnswers: { 200: 'It was there, forked at the same step' },
    givesHeaders: { ETag: 'The step it shows, for If-Match' },
    commands: [forkInstance],
    problems: [instanceUnknown, stepUnknown, notReplayable],
    handle: async ({ params, body, caller, submit }) => {
      const source = await sourceAt(caller, params.type, params.id, body.atSeq);
      const input = {
        type: params.type,
        id: body.id,
        timers: body.timers,
        source: {
          ...source,
          value: source.value as string | Record<string, unknown>,
          tags: [...source.tags],
          timers: [...source.timers],
        },
      };
      return tagged(await submit(forkInstance, input, 201), 'seq');
    },
  }),
];
