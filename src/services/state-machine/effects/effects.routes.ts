// The HTTP paths that say which effects there are, and that end a machine and undo what its effects did.
import { tagged } from '#src/platform/http/etag.ts';
import { defineRoute } from '#src/platform/http/route.ts';
import { knownEffects } from '#src/platform/machines/effects.ts';
import { instanceId } from '#src/platform/machines/store.ts';
import { askerFor } from '../state-machine.policy.ts';
import { eventOutput, instanceParams } from '../state-machine.schema.ts';
import { cancelInstance } from './effects.commands.ts';
import { presentEffect } from './effects.presenter.ts';
import { cancelBody, effectsOutput } from './effects.schema.ts';

/** Routes of this area. */
export const routes = [
  defineRoute({
    method: 'get',
    path: '/api/state-machines/effects',
    summary: 'The effects that definitions may name, with what each takes',
    auth: { permission: 'machine.define' },
    scope: 'role',
    output: effectsOutput,
    handle: async () => {
      const known = [...knownEffects().values()].toSorted((left, right) => (left.name < right.name ? -1 : 1));
      return await Promise.resolve({ status: 200, body: { data: known.map(presentEffect) } });
    },
  }),
  defineRoute({
    method: 'post',
    path: '/api/state-machines/:type/:id/cancel',
    summary: 'End a machine, its timers and its children, and undo what its effects have done',
    auth: 'user',
    scope: 'owner',
    params: instanceParams,
    body: cancelBody,
    output: eventOutput,
    givesHeaders: { ETag: 'The step it ended with' },
    commands: [cancelInstance],
    handle: async (request) => {
      const { type, id } = request.params;
      const input = { ...request.body, instance: instanceId(type, id), asker: askerFor(request.caller) };
      return tagged(await request.submit(cancelInstance, input), 'seq');
    },
  }),
];
