// The HTTP paths of machines.
import { problems } from '#src/platform/errors.ts';
import { pageQuery } from '#src/platform/http/cursor.ts';
import { expectedNumber, tagged } from '#src/platform/http/etag.ts';
import { defineRoute, type Caller } from '#src/platform/http/route.ts';
import { createInstance, sendEvent } from './state-machine.commands.ts';
import { instanceUnknown, seqDiffers } from './state-machine.errors.ts';
import { canRead, maySend } from './state-machine.policy.ts';
import { ownerOf, readHistory, readState } from './state-machine.queries.ts';
import {
  createInput,
  eventBody,
  eventOutput,
  historyOutput,
  instanceParams,
  stateOutput,
} from './state-machine.schema.ts';
import { newestDefinition } from './state-machine.workflow.ts';

const etag = { ETag: 'The step it shows, for If-Match' };

/** Routes of this service. */
export const routes = [
  defineRoute({
    method: 'post',
    path: '/api/state-machines/create',
    summary: 'Create a machine; the same input again answers with its state',
    auth: { permission: 'machine.operate' },
    scope: 'role',
    body: createInput,
    status: 201,
    output: stateOutput,
    alsoAnswers: { 200: 'It was there, created with the same input' },
    givesHeaders: etag,
    commands: [createInstance],
    handle: async (request) => tagged(await request.submit(createInstance, request.body, 201), 'seq'),
  }),
  defineRoute({
    method: 'post',
    path: '/api/state-machines/:type/:id/event',
    summary: 'Send an event to a machine',
    auth: 'user',
    scope: 'owner',
    params: instanceParams,
    body: eventBody,
    output: eventOutput,
    takesHeaders: { 'If-Match': 'The step the machine must be at, as ETag gave it, such as "3"' },
    givesHeaders: etag,
    commands: [sendEvent],
    problems: [instanceUnknown, problems.forbidden, seqDiffers],
    handle: async (request) => {
      const { type, id } = request.params;
      authorizeSend(request.caller, type, id, request.body.type);
      const expectSeq = expectedNumber(request.header('if-match'), seqDiffers);
      const input = { type, id, event: request.body, ...(expectSeq === undefined ? {} : { expectSeq }) };
      return tagged(await request.submit(sendEvent, input), 'seq');
    },
  }),
  defineRoute({
    method: 'get',
    path: '/api/state-machines/:type/:id/state',
    summary: 'Where a machine stands, what it takes and what it waits for',
    auth: 'user',
    scope: 'owner',
    params: instanceParams,
    output: stateOutput,
    givesHeaders: etag,
    problems: [instanceUnknown],
    handle: async ({ params: { type, id }, caller }) => {
      authorizeRead(caller, type, id);
      return tagged({ status: 200, body: await readState(type, id) }, 'seq');
    },
  }),
  defineRoute({
    method: 'get',
    path: '/api/state-machines/:type/:id/history',
    summary: 'The steps of a machine, oldest first, and whether their hash chain holds',
    auth: 'user',
    scope: 'owner',
    params: instanceParams,
    query: pageQuery,
    output: historyOutput,
    problems: [instanceUnknown],
    handle: async ({ params: { type, id }, query, caller }) => {
      authorizeRead(caller, type, id);
      return { status: 200, body: await readHistory(type, id, query) };
    },
  }),
];

function authorizeRead(caller: Caller, type: string, id: string): void {
  if (!canRead(caller, ownerOf(type, id) ?? null)) {
    throw instanceUnknown();
  }
}

function authorizeSend(caller: Caller, type: string, id: string, event: string): void {
  const definition = newestDefinition(type);
  const events = definition?.events ?? {};
  const verdict = maySend(
    caller,
    definition?.owner(id) ?? null,
    Object.hasOwn(events, event) ? events[event] : undefined,
  );
  if (verdict === 'hidden') {
    throw instanceUnknown();
  }
  if (verdict === 'forbidden') {
    throw problems.forbidden(`You may not send ${event} to this machine`);
  }
}
