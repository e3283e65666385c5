// The HTTP path that ends a machine and undoes what it did.
import { tagged } from '#src/platform/http/etag.ts';
import { defineRoute } from '#src/platform/http/route.ts';
import { instanceId } from '#src/platform/machines/store.ts';
import { askerFor } from '../state-machine.policy.ts';
import { eventOutput, instanceParams } from '../state-machine.schema.ts';
import { cancelInstance } from './effects.commands.ts';
import { cancelBody } from './effects.schema.ts';

/** Routes of this area. */
export const routes = [
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
