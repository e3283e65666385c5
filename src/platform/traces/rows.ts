// The rows of one request, read by index, at most so many of each collection. Called by traces.ts.
import type { mongo } from 'mongoose';
import { limits } from '#config/limits.ts';
import { DeadLetters, Work, type DeadLetter, type WorkRow } from '../commands/work.ts';
import { Events, type StoredEvent } from '../events/event.ts';
import { FeedEvents, type FeedEvent } from '../events/feeds.ts';
import { nobody } from '../http/authenticate.ts';
import { Timers, Transitions, type Timer, type Transition } from '../machines/store.ts';
import type { Collection } from '../mongo/collection.ts';

/** A work row without what was asked and answered. */
export type TracedWork = Omit<WorkRow, 'input' | 'result' | 'requestHash'>;
/** A transition without what the machine knows. */
export type TracedTransition = Pick<
  Transition,
  '_id' | 'instance' | 'seq' | 'eventId' | 'event' | 'actor' | 'from' | 'to' | 'at'
>;
/** A place without the event in it. */
export type TracedPlace = Omit<FeedEvent, 'event' | 'expireAt'>;

/** What one request left. `truncated`: a collection holds more of it than was read. */
export interface TraceRows {
  readonly work: readonly TracedWork[];
  readonly deadLetters: readonly DeadLetter[];
  readonly events: readonly StoredEvent[];
  readonly transitions: readonly TracedTransition[];
  readonly timers: readonly Timer[];
  readonly places: readonly TracedPlace[];
  readonly truncated: boolean;
}

const bounded = { maxTimeMS: limits.mongoMs } as const;

// The hint keeps the plan where it belongs whatever MongoDB thinks of it. Rows come as they were written, so that what
// is cut off is the end.
async function ofRequest<Doc extends { _id: string; requestId: string }, Shape>(
  from: Collection<Doc>,
  requestId: string,
  limit: number,
  projection: Record<string, 0 | 1> = {},
): Promise<Shape[]> {
  return await from.model.collection
    .find({ requestId }, { ...bounded, hint: { requestId: 1 }, limit: limit + 1, projection })
    .map((row) => row as unknown as Shape)
    .toArray();
}

/** Reads what a request left, at most `limit` rows of each collection. */
export async function readTrace(requestId: string, limit: number): Promise<TraceRows> {
  const [work, events, transitions, timers] = await Promise.all([
    ofRequest<WorkRow, TracedWork>(Work, requestId, limit, { input: 0, result: 0, requestHash: 0 }),
    ofRequest<StoredEvent, StoredEvent>(Events, requestId, limit, { data: 0 }),
    ofRequest<Transition, TracedTransition>(Transitions, requestId, limit, { context: 0, effects: 0 }),
    ofRequest<Timer, Timer>(Timers, requestId, limit, { trigger: 0 }),
  ]);
  const placeIds = events.flatMap(({ _id, audience }) => audience.map((feed) => `${feed}|${_id}`));
  const [deadLetters, places] = await Promise.all([
    DeadLetters.native()
      .find({ _id: { $in: work.map(({ _id }) => _id) } }, bounded)
      .toArray(),
    FeedEvents.native()
      .find({ _id: { $in: placeIds.slice(0, limit) } }, { ...bounded, projection: { event: 0, expireAt: 0 } })
      .toArray(),
  ]);
  return {
    work,
    deadLetters,
    events,
    transitions,
    timers,
    places,
    truncated: placeIds.length > limit || [work, events, transitions, timers].some((rows) => rows.length > limit),
  };
}

/**
 * True where something of the request is this user's doing and nothing is another's; the product's own is nobody's. Whoever
 * registered was nobody yet: the account has the id of the command that made it, so that row and its event are its doing.
 * What else nobody did in that request, such as beginning its session, has to be about the same account.
 */
export async function isOwn(requestId: string, userId: string): Promise<boolean> {
  const byOther = { actor: { $nin: [userId, 'system'] } };
  const made = { actor: nobody.userId, _id: userId };
  const told = { actor: nobody.userId, _id: `${userId}.0` };
  const about = `user.${userId}`;
  const [own, foreign] = await Promise.all([
    anyOf(requestId, {
      work: { $or: [{ actor: userId }, made] },
      events: { $or: [{ actor: userId }, told] },
      transitions: { actor: userId },
    }),
    anyOf(requestId, {
      work: { ...byOther, $nor: [made, { actor: nobody.userId, key: about }] },
      events: { ...byOther, $nor: [{ actor: nobody.userId, subject: about }] },
      transitions: byOther,
    }),
  ]);
  return own && !foreign;
}

/** True where a row of the request meets the filter of its collection. */
async function anyOf(
  requestId: string,
  filters: {
    readonly work: mongo.Filter<WorkRow>;
    readonly events: mongo.Filter<StoredEvent>;
    readonly transitions: mongo.Filter<Transition>;
  },
): Promise<boolean> {
  const options = { ...bounded, hint: { requestId: 1 }, projection: { _id: 1 } };
  const found = await Promise.all([
    Work.native().findOne({ ...filters.work, requestId }, options),
    Events.native().findOne({ ...filters.events, requestId }, options),
    Transitions.native().findOne({ ...filters.transitions, requestId }, options),
  ]);
  return found.some((row) => row !== null);
}
