// The AsyncAPI 3.0 document of the socket door: its messages, and every event type there is.
import type { z } from 'zod';
import { config } from '#config/env.ts';
import { problems, type ProblemMaker } from '../errors.ts';
import { cloudEvent, eventCatalogue, eventFamilies } from '../events/event.ts';
import { placedEvent } from '../events/feeds.ts';
import { version } from '../http/health.ts';
import { sentProblem } from '../http/problem.ts';
import * as socket from '../realtime/messages.ts';
import { Components, type Json } from './schemas.ts';

const introduction = `Socket.IO 4 over WebSocket alone. Connect with \`auth: {token: <access token>}\`. Rooms are feeds: a
client joins one with \`subscribe\`, applies only the event whose \`seq\` follows its cursor, and asks \`since\` its cursor
for what it missed. \`GET /api/websocket/feeds/{feed}?since=\` gives the same over HTTP.`;

const refusals = (...makers: readonly ProblemMaker[]): Json => ({ 'x-problems': makers.map(({ kind }) => kind.code) });

/** Every event type, and every family of them, with what a socket gets of it. */
function eventMessages(components: Components): Json {
  const placed = components.of(placedEvent, 'output');
  components.of(cloudEvent, 'output');
  const message = (title: string, summary: string, type: Json, data: z.ZodType): Json => ({
    name: 'event',
    title,
    summary,
    contentType: 'application/json',
    payload: {
      allOf: [placed, { properties: { event: { properties: { type, data: components.of(data, 'output') } } } }],
    },
  });
  const single = [...eventCatalogue.values()].map(({ type, data }): [string, Json] => {
    const summary = `\`${type}\` happened; the next number of a feed this socket has joined`;
    return [`event.${type}`, message(type, summary, { const: type }, data)];
  });
  const ofFamilies = [...eventFamilies.values()].map(({ name, types, summary, data }): [string, Json] => [
    `events.${name}`,
    message(name, summary, { pattern: types.source }, data),
  ]);
  return Object.fromEntries([...single, ...ofFamilies]);
}

function plainMessages(components: Components): Json {
  const sent = (name: string, schema: Parameters<Components['of']>[0], summary: string, more: Json = {}): Json => ({
    name,
    summary,
    contentType: 'application/json',
    payload: components.of(schema, 'output'),
    ...more,
  });
  const { unauthenticated, unavailable, internal, invalid, notFound, tooMany } = problems;
  return {
    connect: sent('connect', socket.connection, '`auth` of the connection'),
    hello: sent('hello', socket.hello, 'The first message: who serves this socket, and where its own feed ends'),
    'feed.head': sent('feed.head', socket.feedHead, 'Where a joined feed ends, from time to time: shows losses'),
    'session.ended': sent('session.ended', socket.nothing, 'The session is over; the connection closes'),
    unsubscribed: sent('unsubscribed', socket.unsubscribed, 'You may not follow that feed any more; its room is left'),
    slow_consumer: sent('slow_consumer', socket.nothing, 'Too much lies unread; the connection closes, come again'),
    'server.leaving': sent('server.leaving', socket.nothing, 'The process ends; the connection closes, come again'),
    connect_error: sent(
      'connect_error',
      sentProblem,
      'The connection is refused: `data` of the error is the problem, its message the code',
      refusals(unauthenticated, tooMany, unavailable, internal),
    ),
    subscribe: sent('subscribe', socket.subscription, 'Join a feed, and get what came after a number'),
    'subscribe.answer': sent(
      'subscribe',
      socket.subscribeAnswer,
      'Acknowledgement of subscribe',
      refusals(invalid, notFound, tooMany, unavailable, internal),
    ),
    unsubscribe: sent('unsubscribe', socket.unsubscription, "Leave a feed; one's own is never left"),
    'unsubscribe.answer': sent(
      'unsubscribe',
      socket.unsubscribeAnswer,
      'Acknowledgement of unsubscribe',
      refusals(invalid, tooMany, internal),
    ),
  };
}

const channel = { $ref: '#/channels/socket' };
const named = (names: readonly string[]): Json[] =>
  names.map((name) => ({ $ref: `#/channels/socket/messages/${name}` }));
const operation = (action: 'send' | 'receive', summary: string, ...names: readonly string[]): Json => ({
  action,
  channel,
  summary,
  messages: named(names),
});

function operationsOf(events: readonly string[]): Json {
  const answered = (name: string, summary: string, ...answers: readonly string[]): Json => ({
    ...operation('receive', summary, name),
    reply: { channel, messages: named(answers) },
  });
  return {
    connect: answered('connect', 'A client connects: it is greeted, or refused', 'hello', 'connect_error'),
    sendEvents: operation('send', 'Passes on what happens', ...events),
    sendFeedHead: operation('send', 'Tells where joined feeds end', 'feed.head'),
    sendSessionEnded: operation('send', 'Says that the session is over', 'session.ended'),
    sendUnsubscribed: operation('send', 'Says that a feed is not followed any more', 'unsubscribed'),
    sendSlowConsumer: operation('send', 'Says that the client does not keep up', 'slow_consumer'),
    sendServerLeaving: operation('send', 'Says that the process ends', 'server.leaving'),
    subscribe: answered('subscribe', 'A client joins a feed', 'subscribe.answer'),
    unsubscribe: answered('unsubscribe', 'A client leaves a feed', 'unsubscribe.answer'),
  };
}

/** The door itself: where it is, what is said on it. */
function doorOf(messages: Json, events: Json): Json {
  const address = new URL(config.publicUrl ?? `http://localhost:${config.port}`);
  return {
    servers: {
      here: {
        host: address.host,
        protocol: address.protocol === 'https:' ? 'wss' : 'ws',
        description: 'Socket.IO, path /socket.io/, WebSocket transport',
        security: [{ $ref: '#/components/securitySchemes/token' }],
      },
    },
    channels: {
      socket: {
        address: '/',
        title: 'The socket',
        messages: Object.fromEntries(
          Object.keys({ ...messages, ...events }).map((name) => [name, { $ref: `#/components/messages/${name}` }]),
        ),
      },
    },
    operations: operationsOf(Object.keys(events)),
  };
}

/** The document. A process without the socket door tells of the events alone. */
export function asyncApiOf(hasSockets: boolean): Json {
  const components = new Components('draft-07');
  const events = eventMessages(components);
  const messages = hasSockets ? plainMessages(components) : {};
  return {
    asyncapi: '3.0.0',
    info: { title: 'SmartStart Brain', version, description: introduction },
    defaultContentType: 'application/json',
    ...(hasSockets ? doorOf(messages, events) : {}),
    components: {
      messages: { ...messages, ...events },
      schemas: components.schemas,
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'The access token, as `auth: {token}` of the connection',
        },
      },
    },
  };
}
