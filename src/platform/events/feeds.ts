// Feeds: each event of an audience gets its place (`seq` 1, 2, 3 …) in each of its feeds. The owner of a feed's shard
// numbers in batches; sockets and HTTP read from here.
import type { mongo } from 'mongoose';
import { z } from 'zod';
import { pools } from '#config/pools.ts';
import { limits } from '#config/limits.ts';
import { retention } from '#config/retention.ts';
import { LRUCache } from 'lru-cache';
import { Owner } from '../commands/owner.ts';
import type { Tenure } from '../commands/tenure.ts';
import { shardFor } from '../commands/work.ts';
import { defineCollection } from '../mongo/collection.ts';
import { logFor } from '../log.ts';
import { observeBatch, observeFeedLag } from '../metrics/metrics.ts';
import { duplicateIn, isConflict } from '../mongo/transaction.ts';
import { hint, onHint } from '../redis/hints.ts';
import { cloudEvent, Events, toCloudEvent, type CloudEvent, type StoredEvent } from './event.ts';
import { underBatchSpans } from '../tracing/row-spans.ts';

const log = logFor('feeds');

/** A feed's name, such as `user.<id>`, at every door. */
export const feedName = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[A-Za-z0-9._-]+$/u);

/** An event's place in a feed. The whole event is in it, so that a resume reads one index range. */
export interface FeedEvent {
  readonly _id: string;
  readonly feed: string;
  readonly seq: number;
  /** Changes when a feed begins anew, because all of it had been retired: cursors of another epoch are void. */
  readonly epoch: string;
  readonly event: CloudEvent;
  /** Missing on places of before it was kept. */
  readonly placedAt?: Date;
  readonly expireAt: Date;
}

/** Places. `_id` is feed and event, so an event has one place in a feed however often it is numbered. */
export const FeedEvents = defineCollection<FeedEvent>(
  'feed_events',
  { feed: String, seq: Number, epoch: String, event: Object, placedAt: Date, expireAt: Date },
  [
    { key: { feed: 1, seq: -1 }, unique: true },
    { key: { expireAt: 1 }, expireAfterSeconds: 0 },
  ],
);

/** Where a feed ends. An empty feed: seq 0 and no epoch. */
export interface Head {
  readonly seq: number;
  readonly epoch: string | null;
}

/** What sockets get: an event with its place. */
export const placedEvent = z
  .strictObject({ feed: feedName, seq: z.int().min(1), epoch: z.string(), event: cloudEvent })
  .readonly();
export type PlacedEvent = z.output<typeof placedEvent>;

// Of an event what its feed and a client's cursor need: the rest goes on to the sockets as it came.
const heardEvent = z.looseObject({ feed: z.string(), seq: z.int(), epoch: z.string(), event: z.looseObject({}) });
const heardEvents = z.array(heardEvent);
const topic = 'feeds';

/** A placed event as a process that numbered it told of it. */
export type HeardEvent = z.output<typeof heardEvent>;

/** Calls `listener` with what any process has just numbered. A hint: whoever missed one finds it by its number. */
export function onPlaced(listener: (events: readonly HeardEvent[]) => void): () => void {
  return onHint(topic, heardEvents, listener);
}

/** A page of a feed after a cursor; `reset`: the cursor is void, read the state anew and go on from `head`. */
export interface FeedPage {
  readonly events: readonly PlacedEvent[];
  readonly head: number;
  readonly epoch: string | null;
  readonly more: boolean;
  readonly reset: boolean;
}

/** Under load a batch waits this long for company: lag buys larger batches. After a pause the first is at once. */
const paceMs = 200;

/** Owns shards of the feeds and numbers what is pending in them. */
export function feedOwner(): Owner {
  const heads = new LRUCache<string, Head>({ max: 50_000 });
  let lastPass = 0;
  return new Owner('feeds', {
    pass: async (tenure) => {
      const waitMs = lastPass + paceMs - Date.now();
      if (waitMs > 0) {
        await new Promise((resolve) => {
          setTimeout(resolve, waitMs);
        });
      }
      lastPass = Date.now();
      return await numberPending(tenure, heads);
    },
    // What another owner numbered meanwhile is not known here.
    onShards: () => heads.clear(),
  });
}

const numbering = {
  each: 'feed.number',
  commit: 'feed.commit',
  pool: 'feeds',
  factsOf: ({ _id, requestId, type }: StoredEvent) => ({
    'brain.id': _id,
    'brain.request_id': requestId,
    'brain.event_type': type,
  }),
};

async function numberPending(tenure: Tenure, heads: LRUCache<string, Head>): Promise<boolean> {
  const shards = [...tenure.shards];
  const limit = pools.feeds.maxBatch;
  const events = await Events.native()
    .find({ pending: { $in: shards } }, { sort: { _id: 1 }, limit })
    .toArray();
  if (events.length === 0) {
    return false;
  }
  let places: FeedEvent[] = [];
  try {
    await underBatchSpans(numbering, events, async (_, decided) => {
      places = await placesOf(events, tenure.shards, heads);
      decided();
      await tenure.transaction(async (session) => {
        if (places.length > 0) {
          await FeedEvents.native().insertMany(places, { session });
        }
        const numbered = { _id: { $in: events.map(({ _id }) => _id) } };
        await Events.native().updateMany(numbered, withoutShards(shards), { session });
      });
    });
  } catch (error) {
    heads.clear();
    if (duplicateIn(error) === FeedEvents.name) {
      await forgetPlaced(places, tenure);
      return true;
    }
    // Events that stand in feeds of two owners are written by both: look again at once, one of them is through.
    if (isConflict(error)) {
      return true;
    }
    throw error;
  }
  observeBatch('feeds', events.length);
  observeFeedLag(Date.now() - (events[0]?.time.getTime() ?? 0));
  for (const { feed, seq, epoch } of places) {
    heads.set(feed, { seq, epoch });
  }
  hint(
    topic,
    places.map(({ feed, seq, epoch, event }): PlacedEvent => ({ feed, seq, epoch, event })),
  );
  return events.length === limit;
}

/** Takes shards off what an event waits for; an event that waits for nothing has no such member. */
function withoutShards(shards: readonly string[]): mongo.Document[] {
  return [
    { $set: { pending: { $setDifference: ['$pending', [...shards]] } } },
    { $set: { pending: { $cond: [{ $eq: ['$pending', []] }, '$$REMOVE', '$pending'] } } },
  ];
}

/** Places that are there although their events still wait for them: the wait is taken off, so that others go on. */
async function forgetPlaced(places: readonly FeedEvent[], tenure: Tenure): Promise<void> {
  const there = await FeedEvents.native()
    .find({ _id: { $in: places.map(({ _id }) => _id) } })
    .project<{ _id: string; feed: string }>({ feed: 1 })
    .toArray();
  log.warn({ places: there.length }, 'Events were numbered already');
  for (const { _id, feed } of there) {
    await tenure.transaction(async (session) => {
      const event = { _id: _id.slice(feed.length + 1) };
      await Events.native().updateOne(event, withoutShards([shardFor('feeds', feed)]), { session });
    });
  }
}

/** The next places of the events in those of their feeds that this tenure owns, without those they have already. */
async function placesOf(
  events: readonly StoredEvent[],
  shards: ReadonlySet<string>,
  heads: LRUCache<string, Head>,
): Promise<FeedEvent[]> {
  const wanted = events.flatMap((event) =>
    event.audience.filter((feed) => isPending(event, shardFor('feeds', feed), shards)).map((feed) => ({ feed, event })),
  );
  const next = await knownHeads([...new Set(wanted.map(({ feed }) => feed))], heads);
  const now = Date.now();
  return wanted.map(({ feed, event }): FeedEvent => {
    const head = next.get(feed) ?? { seq: 0, epoch: null };
    const place = { seq: head.seq + 1, epoch: head.epoch ?? now.toString(36) };
    next.set(feed, place);
    return {
      _id: `${feed}|${event._id}`,
      feed,
      ...place,
      event: toCloudEvent(event),
      placedAt: new Date(now),
      expireAt: new Date(now + retention.feedEventsMs),
    };
  });
}

/** Of a shard that came from another owner, some events may have their places while they wait for those of others. */
function isPending(event: StoredEvent, shard: string, shards: ReadonlySet<string>): boolean {
  return shards.has(shard) && (event.pending?.includes(shard) ?? false);
}

async function knownHeads(feeds: readonly string[], heads: LRUCache<string, Head>): Promise<Map<string, Head>> {
  const known = new Map(feeds.map((feed) => [feed, heads.get(feed)]));
  const unknown = feeds.filter((feed) => known.get(feed) === undefined);
  const found = await headsOf(unknown);
  return new Map(feeds.map((feed) => [feed, known.get(feed) ?? found.get(feed) ?? { seq: 0, epoch: null }]));
}

/**
 * Gives every feed another epoch, so that all cursors of before are answered with `reset`. For a restored database:
 * its feeds go on from numbers that clients have seen already with other events.
 */
export async function beginNewEpochs(): Promise<void> {
  await FeedEvents.native().updateMany({}, { $set: { epoch: Date.now().toString(36) } });
}

/** Where the feeds end now. */
export async function headsOf(feeds: readonly string[]): Promise<Map<string, Head>> {
  if (feeds.length === 0) {
    return new Map();
  }
  const rows = await FeedEvents.native()
    .aggregate<{ _id: string; seq: number; epoch: string }>(
      [
        { $match: { feed: { $in: [...feeds] } } },
        // In the order of the index, so that MongoDB reads one entry of each feed and skips the rest.
        { $sort: { feed: 1, seq: -1 } },
        { $group: { _id: '$feed', seq: { $first: '$seq' }, epoch: { $first: '$epoch' } } },
      ],
      { maxTimeMS: limits.mongoMs },
    )
    .toArray();
  const found = new Map(rows.map(({ _id, seq, epoch }) => [_id, { seq, epoch }]));
  return new Map(feeds.map((feed) => [feed, found.get(feed) ?? { seq: 0, epoch: null }]));
}

/**
 * The events of a feed after `since`, oldest first. `epoch` is what the client knows; without it only the number
 * counts. A cursor beyond the head, older than what is kept, or of another epoch is answered with `reset`.
 */
export async function readFeed(feed: string, since: number, epoch?: string | null): Promise<FeedPage> {
  const head = (await headsOf([feed])).get(feed) ?? { seq: 0, epoch: null };
  const rows = await FeedEvents.native()
    .find({ feed, seq: { $gt: since } }, { sort: { seq: 1 }, limit: limits.feedPage + 1, maxTimeMS: limits.mongoMs })
    .toArray();
  const events = rows.slice(0, limits.feedPage);
  const first = events[0]?.seq ?? since + 1;
  const otherEpoch = epoch !== undefined && epoch !== null && epoch !== head.epoch;
  const reset = otherEpoch || since > head.seq || first !== since + 1;
  return {
    events: reset ? [] : events.map((row) => ({ feed: row.feed, seq: row.seq, epoch: row.epoch, event: row.event })),
    head: Math.max(head.seq, events.at(-1)?.seq ?? 0),
    epoch: head.epoch,
    more: !reset && rows.length > limits.feedPage,
    reset,
  };
}
