// The socket door: a Socket.IO server whose rooms are feeds. What a client missed it asks for by number; what arrives
// live is only quicker. Built by the realtime role, never listens by itself.
import type { Server as HttpServer } from 'node:http';
import { createAdapter } from '@socket.io/redis-adapter';
import { Server } from 'socket.io';
import { z } from 'zod';
import { config } from '#config/env.ts';
import { limits } from '#config/limits.ts';
import { onSessionEnded, onSessionEndedAnywhere } from '../auth/session-endings.ts';
import { onRightsChanged } from '../auth/rights.ts';
import { findSession } from '../auth/sessions.ts';
import { problems } from '../errors.ts';
import { headsOf, onPlaced, readFeed, type HeardEvent } from '../events/feeds.ts';
import { verifyAccessToken } from '../http/authenticate.ts';
import { addressOf } from '../http/network.ts';
import { asAppError, fieldProblems, problemBody } from '../http/problem.ts';
import { createSocketLimits, type SocketLimits } from '../http/rate-limit.ts';
import { newId, nodeId } from '../ids.ts';
import { logFor } from '../log.ts';
import { countSocketsWith } from '../metrics/metrics.ts';
import { patientClient, redisKey } from '../redis/clients.ts';
import { connection, subscription, unsubscription, type FeedHead, type Hello, type Subscribed } from './messages.ts';
import { callerNow, keepRooms, keepRoomsOf, type FeedSocket, type MayRead } from './rooms.ts';

const log = logFor('realtime');

/** Times of the socket door, in milliseconds. */
const beaconMs = 15_000;
const sweepMs = 15_000;
const guardMs = 1_000;

/** A running socket door. */
export interface Realtime {
  readonly io: Server;
  /** Sends every socket to another node, one after another within `ms`: it is told, closed, and resumes by number. */
  leave(ms: number): void;
  /** Closes every socket and stops. */
  close(): Promise<void>;
}

/** Puts a socket door on an HTTP server. `rates`: how often it is opened and spoken on (config/rates.ts). */
export function createRealtime(http: HttpServer, mayRead: MayRead, rates = createSocketLimits()): Realtime {
  const io = new Server(http, {
    transports: ['websocket'],
    serveClient: false,
    perMessageDeflate: false,
    maxHttpBufferSize: limits.socketMessageBytes,
    connectTimeout: 10_000,
    pingInterval: 25_000,
    pingTimeout: 20_000,
    adapter: clusterAdapter(),
    ...(config.corsOrigins.length > 0 ? { cors: { origin: [...config.corsOrigins] } } : {}),
  });
  io.use((socket, next) => void admit(socket as FeedSocket, rates, next));
  io.on('connection', (socket) => void welcome(socket as unknown as FeedSocket, mayRead, rates));
  countSocketsWith(() => io.of('/').sockets.size);
  const stopFeeds = onPlaced((events) => deliver(io, events));
  // Directly, for when Redis is away; by hint from every other process, workers too.
  const stopEnded = onSessionEnded(({ sessionId }) => endSockets(io, sessionId));
  const stopEndedElsewhere = onSessionEndedAnywhere(({ sessionId }) => endSockets(io, sessionId));
  const stopRights = onRightsChanged((userId) => void keepRoomsOf(io, userId, mayRead));
  const timers = [
    setInterval(() => void beacon(io), beaconMs),
    setInterval(() => void sweep(io, mayRead), sweepMs),
    setInterval(() => closeSlow(io), guardMs),
  ];
  return {
    io,
    leave: (ms) => sendAway(io, ms),
    close: async () => {
      timers.forEach((timer) => clearInterval(timer));
      stopFeeds();
      stopEnded();
      stopEndedElsewhere();
      stopRights();
      await io.close();
    },
  };
}

/** The classic adapter on connections of its own. A publish that fails is left to the clients' cursors. */
function clusterAdapter(): ReturnType<typeof createAdapter> {
  const publisher = patientClient('sockets-pub');
  const publish = publisher.publish.bind(publisher);
  publisher.publish = (async (channel: string, message: string) =>
    await publish(channel, message).catch((error: unknown) => {
      log.debug({ reason: String(error) }, 'A cluster message was lost');
      return 0;
    })) as typeof publisher.publish;
  return createAdapter(publisher, patientClient('sockets-sub'), { key: redisKey('sockets') });
}

async function admit(socket: FeedSocket, rates: SocketLimits, next: (error?: Error) => void): Promise<void> {
  try {
    socket.data.address = addressOf(socket.request, config.trustProxy);
    await rates.connecting(socket.data.address);
    const given = connection.safeParse(socket.handshake.auth);
    if (!given.success) {
      throw problems.unauthenticated('Connect with auth: {token: <access token>}');
    }
    socket.data.caller = (await verifyAccessToken(given.data.token)).caller;
    await rates.connected(socket.data.caller.userId);
    next();
  } catch (error) {
    const problem = problemOf(error);
    next(Object.assign(new Error(String(problem['code'])), { data: problem }));
  }
}

async function welcome(socket: FeedSocket, mayRead: MayRead, rates: SocketLimits): Promise<void> {
  const { caller } = socket.data;
  countMessages(socket, rates);
  const own = `user.${caller.userId}`;
  // Handlers first: a quick client may speak before the rooms are joined.
  answer(socket, 'subscribe', subscription, async (message): Promise<Subscribed> => {
    if (!(await mayRead(await callerNow(socket), message.feed))) {
      throw problems.notFound(`There is no feed ${message.feed} for you`);
    }
    // Beside the feeds a socket is in two rooms: its own and its session's. Asking again for a feed is always fine.
    if (!socket.rooms.has(message.feed) && socket.rooms.size >= limits.socketFeeds + 2) {
      throw problems.invalid(`One socket takes at most ${limits.socketFeeds} feeds`);
    }
    // Joining comes before reading, so that nothing falls between the two.
    await socket.join(message.feed);
    if (message.since === undefined) {
      const head = (await headsOf([message.feed])).get(message.feed);
      return { events: [], head: head?.seq ?? 0, epoch: head?.epoch ?? null, more: false };
    }
    const { reset, ...page } = await readFeed(message.feed, message.since, message.epoch);
    return { ...page, events: [...page.events], ...(reset ? { reset } : {}) };
  });
  answer(socket, 'unsubscribe', unsubscription, async ({ feed }) => {
    if (feed !== own) {
      await socket.leave(feed);
    }
    return {};
  });
  await socket.join([own, `session.${caller.sessionId}`]);
  const heads = await headsOf([own]).catch(() => new Map<string, { seq: number; epoch: string | null }>());
  const hello: Hello = {
    sid: socket.id,
    node: nodeId,
    heads: Object.fromEntries([...heads].map(([feed, head]) => [feed, { head: head.seq, epoch: head.epoch }])),
  };
  socket.emit('hello', hello);
}

/** Every message is counted, whatever its name; what is too much is acknowledged as refused and goes no further. */
function countMessages(socket: FeedSocket, rates: SocketLimits): void {
  const { address, caller } = socket.data;
  socket.use((packet: unknown[], next) => {
    rates.spoke(address, caller.userId).then(
      () => next(),
      (error: unknown) => {
        const acknowledge = packet.at(-1);
        if (typeof acknowledge === 'function') {
          (acknowledge as (body: unknown) => void)({ ok: false, problem: problemOf(error) });
        }
      },
    );
  });
}

/** A message with an acknowledgement: parsed, done, answered `{ok: true, …}` or `{ok: false, problem}`. */
function answer<Schema extends z.ZodType>(
  socket: FeedSocket,
  event: string,
  schema: Schema,
  handle: (message: z.output<Schema>) => Promise<Record<string, unknown>>,
): void {
  const listener = async (message: unknown, acknowledge: unknown): Promise<void> => {
    const reply = typeof acknowledge === 'function' ? (acknowledge as (body: unknown) => void) : () => undefined;
    try {
      reply({ ok: true, ...(await handle(schema.parse(message))) });
    } catch (error) {
      const problem = problemOf(error);
      if (problem['status'] === 500) {
        log.error({ err: error, event }, 'A socket message failed');
      }
      reply({ ok: false, problem });
    }
  };
  socket.on(event, (message, acknowledge) => void listener(message, acknowledge));
}

function problemOf(error: unknown): Record<string, unknown> {
  const known =
    error instanceof z.ZodError
      ? problems.invalid(undefined, { errors: fieldProblems('message', error) })
      : asAppError(error);
  return problemBody(known, { path: '/socket', requestId: newId() });
}

/** Hands events to the sockets of this node that are in their feeds. */
function deliver(io: Server, events: readonly HeardEvent[]): void {
  const { rooms } = io.of('/').adapter;
  for (const event of events) {
    if (rooms.has(event.feed)) {
      io.local.to(event.feed).emit('event', event);
    }
  }
}

/** Tells every feed that somebody here follows where it ends, so that a loss at its tail is found. */
async function beacon(io: Server): Promise<void> {
  const { rooms, sids } = io.of('/').adapter;
  const feeds = [...rooms.keys()].filter((room) => !sids.has(room) && !room.startsWith('session.'));
  try {
    for (const [feed, head] of await headsOf(feeds)) {
      const message: FeedHead = { feed, head: head.seq, epoch: head.epoch };
      io.local.to(feed).emit('feed.head', message);
    }
  } catch (error) {
    log.debug({ reason: String(error) }, 'No beacon this time');
  }
}

/** Says goodbye to a session's sockets on this node. */
function endSockets({ local }: Server, sessionId: string): void {
  local.in(`session.${sessionId}`).emit('session.ended', {});
  local.in(`session.${sessionId}`).disconnectSockets(true);
}

let sweeping = false;

/** The net below `endSockets` and hints: a message between nodes may be lost, a look at sessions and rights is not. */
async function sweep(io: Server, mayRead: MayRead): Promise<void> {
  if (sweeping) {
    return;
  }
  sweeping = true;
  for (const each of io.of('/').sockets.values()) {
    const socket = each as unknown as FeedSocket;
    try {
      if (await findSession(socket.data.caller.sessionId)) {
        await keepRooms(socket, mayRead);
      } else {
        socket.emit('session.ended', {});
        socket.disconnect(true);
      }
    } catch (error) {
      log.debug({ reason: String(error) }, 'A session could not be looked at; trying again');
    }
  }
  sweeping = false;
}

/**
 * Closes the connections below the sockets, spread over `ms`, so that the other nodes are not stormed. A client makes
 * a connection that broke again by itself, which it does not do for a socket that the server disconnected.
 */
function sendAway(io: Server, ms: number): void {
  for (const socket of io.of('/').sockets.values()) {
    setTimeout(() => {
      socket.emit('server.leaving', {});
      socket.conn.close();
    }, Math.random() * ms);
  }
}

/** Closes sockets that do not read what they are sent: they resume by number and lose nothing. */
function closeSlow(io: Server): void {
  for (const socket of io.of('/').sockets.values()) {
    const transport = socket.conn.transport as unknown as { socket?: { bufferedAmount?: number } };
    if ((transport.socket?.bufferedAmount ?? 0) > limits.socketBufferBytes) {
      log.warn({ sid: socket.id }, 'Closing a slow consumer');
      socket.emit('slow_consumer', {});
      socket.disconnect(true);
    }
  }
}
