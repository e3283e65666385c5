// The HTTP paths of machines.
import { pageOf } from '#src/platform/http/cursor.ts';
import { expectedNumber, tagged } from '#src/platform/http/etag.ts';
import { defineRoute } from '#src/platform/http/route.ts';
import { notRunnable } from './definitions/definitions.errors.ts';
import { createInstance } from './creation/creation.commands.ts';
import { sendEvent } from './state-machine.commands.ts';
import { instanceUnknown, seqDiffers } from './state-machine.errors.ts';
import { askerFor, nameOfEvent } from './state-machine.policy.ts';
import { findInstances, readState } from './state-machine.queries.ts';
import {
  createBody,
  eventOutput,
  eventQuery,
  instanceParams,
  instancesQuery,
  instanceSummary,
  sentBody,
  stateOutput,
  stateQuery,
} from './state-machine.schema.ts';

const etag = { ETag: 'The step it shows, for If-Match' };

/** Routes of this service. */
export const routes = [
  defineRoute({
    method: 'post',
    path: '/api/state-machines/create',
    summary: 'Create a machine; the same input again answers with its state',
    auth: 'user',
    scope: 'self',
    body: createBody,
    status: 201,
    output: stateOutput,
    alsoAnswers: { 200: 'It was there, created with the same input' },
    givesHeaders: etag,
    commands: [createInstance],
    handle: async (request) => {
      const input = { ...request.body, asker: askerFor(request.caller) };
      return tagged(await request.submit(createInstance, input, 201), 'seq');
    },
  }),
  defineRoute({
    method: 'get',
    path: '/api/state-machines',
    summary: 'Machines you may read: by type, state, tag, status and a member of their context',
    auth: 'user',
    scope: 'visible',
    query: instancesQuery,
    output: pageOf(instanceSummary),
    handle: async ({ query, caller }) => ({ status: 200, body: await findInstances(caller, query) }),
  }),
  defineRoute({
    method: 'post',
    path: '/api/state-machines/:type/:id/event',
    summary: 'Send an event to a machine, to be taken at once or not before a time',
    auth: 'user',
    scope: 'owner',
    params: instanceParams,
    query: eventQuery,
    body: sentBody,
    output: eventOutput,
    takesHeaders: { 'If-Match': 'The step the machine must be at, as ETag gave it, such as "3"' },
    givesHeaders: etag,
    commands: [sendEvent],
    handle: async (request) => {
      const { type, id } = request.params;
      const { eventId, ...event } = request.body;
      const expectSeq = expectedNumber(request.header('if-match'), seqDiffers);
      const input = {
        type,
        id,
        event,
        ...(eventId === undefined ? {} : { eventId }),
        ...(expectSeq === undefined ? {} : { expectSeq }),
        ...request.query,
        asker: askerFor(request.caller),
      };
      const key = request.header('idempotency-key') === undefined ? nameOfEvent(input) : undefined;
      return tagged(await request.submit(sendEvent, input, 200, key), 'seq');
    },
  }),
  defineRoute({
    method: 'get',
    path: '/api/state-machines/:type/:id/state',
    summary: 'Where a machine stands, what it takes and what it waits for; explain=EVENT: what its guards say of one',
    auth: 'user',
    scope: 'owner',
    params: instanceParams,
    query: stateQuery,
    output: stateOutput,
    givesHeaders: etag,
    problems: [instanceUnknown, notRunnable],
    handle: async ({ params: { type, id }, query: { explain }, caller }) => {
      return tagged({ status: 200, body: await readState(caller, type, id, explain) }, 'seq');
    },
  }),
];
