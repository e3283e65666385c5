// What is said on a socket, both ways: the server parses what it is sent with these shapes, and the reference of sockets
// is made from all of them.
import { z } from 'zod';
import { feedName, placedEvent } from '../events/feeds.ts';
import { sentProblem } from '../http/problem.ts';

const head = z.int().min(0).describe('Number of the newest event, 0 where there is none');
const epoch = z.string().nullable().describe('Changes when the feed begins anew: cursors of another one are void');

/** `auth` of the connection. */
export const connection = z.object({ token: z.string().min(1).max(4_096) });

/** `subscribe`: with `since`, what came after that number is in the acknowledgement. */
export const subscription = z.strictObject({
  feed: feedName,
  since: z.int().min(0).optional(),
  epoch: z.string().max(64).nullish(),
});

/** `unsubscribe`. */
export const unsubscription = z.strictObject({ feed: feedName });

/** The server took a socket out of a room it may not be in any more. */
export const unsubscribed = z.strictObject({ feed: feedName });

/** The first message on a connection. */
export const hello = z.strictObject({
  sid: z.string(),
  node: z.string(),
  heads: z.record(feedName, z.strictObject({ head, epoch })),
});
export type Hello = z.output<typeof hello>;

/** Where a feed ends, told from time to time. */
export const feedHead = z.strictObject({ feed: feedName, head, epoch });
export type FeedHead = z.output<typeof feedHead>;

/** `session.ended`, `slow_consumer` and `server.leaving`: their names say all. */
export const nothing = z.strictObject({});

const subscribed = z.strictObject({
  events: z.array(placedEvent),
  head,
  epoch,
  more: z.boolean().describe('There are more: ask again from the last one'),
  reset: z.literal(true).optional().describe('The cursor is void: read the state anew and go on from head'),
});
export type Subscribed = z.output<typeof subscribed>;

const refused = z.strictObject({ ok: z.literal(false), problem: sentProblem });

/** Acknowledgement of `subscribe`. */
export const subscribeAnswer = z.union([subscribed.extend({ ok: z.literal(true) }), refused]);

/** Acknowledgement of `unsubscribe`. */
export const unsubscribeAnswer = z.union([z.strictObject({ ok: z.literal(true) }), refused]);
