// Feeds: each event of an audience gets its place (`seq` 1, 2, 3 …) in each of its feeds. The owner of a feed's shard
// numbers in batches; sockets and HTTP read from here.
import { z } from 'zod';
import { pools } from '#config/pools.ts';
import { limits } from '#config/limits.ts';
import { retention } from '#config/retention.ts';
import { LRUCache } from 'lru-cache';
import { Owner, type Drain } from '../commands/owner.ts';
import type { Tenure } from '../commands/tenure.ts';
import { shardFor, shardsOf } from '../commands/work.ts';
import { Stale } from '../commands/write.ts';
import { defineCollection } from '../mongo/collection.ts';
import { logFor } from '../log.ts';
import { observeBatch, observeFeedLag } from '../metrics/metrics.ts';
import { duplicateIn } from '../mongo/transaction.ts';
import { hint, onHint } from '../redis/hints.ts';
import { cloudEvent, Events, toCloudEvent, type CloudEvent, type StoredEvent } from './event.ts';
import { FeedOutbox, outboxPlace, waitingRows, type OutboxRow } from './outbox.ts';
import { lateLooks } from './pending-events.ts';
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

/** Owns shards of the feeds and numbers what waits in them. */
export function feedOwner(): Owner {
  return new Owner('feeds', feedDrain());
}

/** What is known between two passes, for as long as nobody else numbers. */
interface Known {
  readonly heads: LRUCache<string, Head>;
  /** Places of waiting events that were found to be there already, until the rows of those events are gone. */
  readonly placed: Set<string>;
}

/** What the owner of shards of the feeds does with them. */
export function feedDrain(): Drain {
  const known: Known = { heads: new LRUCache<string, Head>({ max: 50_000 }), placed: new Set() };
  const lookForLate = lateLooks();
  let lastPass = 0;
  return {
    places: [outboxPlace],
    pass: async (tenure) => {
      const waitMs = lastPass + paceMs - Date.now();
      if (waitMs > 0) {
        await new Promise((resolve) => {
          setTimeout(resolve, waitMs);
        });
      }
      lastPass = Date.now();
      return await numberWaiting(tenure, known);
    },
    onShards: (shards) => {
      // What another owner numbered meanwhile is not known here.
      known.heads.clear();
      lookForLate(shards.has(shardsOf('feeds')[0] ?? ''));
    },
  };
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

async function numberWaiting(tenure: Tenure, known: Known): Promise<boolean> {
  const { rows, more } = await waitingRows([...tenure.shards], pools.feeds.maxBatch);
  if (rows.length === 0) {
    return false;
  }
  const events = await eventsOf(rows);
  let places: FeedEvent[] = [];
  try {
    await underBatchSpans(numbering, [...events.values()], async (_, decided) => {
      places = await placesOf(rows, events, known);
      decided();
      await tenure.transaction(async (session) => {
        if (places.length > 0) {
          await FeedEvents.native().insertMany(places, { session });
        }
        const gone = await FeedOutbox.native().deleteMany({ _id: { $in: rows.map(({ _id }) => _id) } }, { session });
        if (gone.deletedCount !== rows.length) {
          // An election took their commit back, events and all.
          throw new Stale(FeedOutbox.name);
        }
      });
    });
  } catch (error) {
    known.heads.clear();
    if (duplicateIn(error) === FeedEvents.name) {
      await leaveOut(places, known);
      return true;
    }
    throw error;
  }
  known.placed.clear();
  tellOf(places, [...events.values()], known);
  return more;
}

/** The events that rows name. An event that is gone is not among them, and so passed over. */
async function eventsOf(rows: readonly OutboxRow[]): Promise<Map<string, StoredEvent>> {
  const ids = new Set(rows.flatMap(({ events }) => events));
  const found = await Events.native()
    .find({ _id: { $in: [...ids] } })
    .toArray();
  return new Map(found.map((event) => [event._id, event]));
}

/** Measures what was numbered, remembers where its feeds end now and tells whoever follows them. */
function tellOf(places: readonly FeedEvent[], events: readonly StoredEvent[], { heads }: Known): void {
  if (events.length > 0) {
    observeBatch('feeds', events.length);
    observeFeedLag(Date.now() - Math.min(...events.map(({ time }) => time.getTime())));
  }
  for (const { feed, seq, epoch } of places) {
    heads.set(feed, { seq, epoch });
  }
  hint(
    topic,
    places.map(({ feed, seq, epoch, event }): PlacedEvent => ({ feed, seq, epoch, event })),
  );
}

/**
 * Notes which places are there although their events wait for them: the next try leaves them out. A place that an
 * election may still take back is none yet: the next try finds it in its way again.
 */
async function leaveOut(places: readonly FeedEvent[], { placed }: Known): Promise<void> {
  const there = await FeedEvents.native()
    .find({ _id: { $in: places.map(({ _id }) => _id) } }, { readConcern: 'majority' })
    .project<{ _id: string }>({ _id: 1 })
    .toArray();
  log.warn({ places: there.length }, 'Events were numbered already');
  there.forEach(({ _id }) => placed.add(_id));
}

/** The next places of the events in those of their feeds that belong to the shards of the rows, each once. */
async function placesOf(
  rows: readonly OutboxRow[],
  events: ReadonlyMap<string, StoredEvent>,
  { heads, placed }: Known,
): Promise<FeedEvent[]> {
  const wanted = new Map<string, { readonly feed: string; readonly event: StoredEvent }>();
  for (const { shard, events: ids } of rows) {
    for (const event of ids.flatMap((id) => events.get(id) ?? [])) {
      for (const feed of event.audience.filter((each) => shardFor('feeds', each) === shard)) {
        wanted.set(`${feed}|${event._id}`, { feed, event });
      }
    }
  }
  placed.forEach((_id) => wanted.delete(_id));
  const next = await knownHeads([...new Set([...wanted.values()].map(({ feed }) => feed))], heads);
  const now = Date.now();
  return [...wanted].map(([_id, { feed, event }]): FeedEvent => {
    const head = next.get(feed) ?? { seq: 0, epoch: null };
    const place = { seq: head.seq + 1, epoch: head.epoch ?? now.toString(36) };
    next.set(feed, place);
    return {
      _id,
      feed,
      ...place,
      event: toCloudEvent(event),
      placedAt: new Date(now),
      expireAt: new Date(now + retention.feedEventsMs),
    };
  });
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
