// The outbox of the feeds: which events still wait for their places. A commit writes one row for each shard of feeds that
// its events concern; the owner of that shard numbers the events and deletes the row, in one transaction (feeds.ts).
import type { mongo } from 'mongoose';
import type { Place } from '../commands/lookout.ts';
import { shardFor } from '../commands/work.ts';
import { groupBy } from '../group-by.ts';
import { newId } from '../ids.ts';
import { defineCollection } from '../mongo/collection.ts';
import { Events, type StoredEvent } from './event.ts';

/**
 * Events of one commit that wait for their places in the feeds of one shard.
 *
 * Rows are taken in the order of their ids, and events within a row in the order of their commit. A row's id is made when
 * its commit has written its documents, and whoever writes one of them again can do so only after that commit. Ids of
 * one process grow. So, as a key has one owner at a time, the events of a key keep the order in which they were committed.
 * Between two processes that order is the one their clocks tell, as it was with the ids of events: where a key goes to an
 * owner whose clock is behind, its first events may be numbered before the last ones of the owner before. Only those that
 * the feeds' owner finds together are mixed up: what was numbered already, usually within 200 ms, keeps its place. An
 * owner that died is followed no sooner than its lease is over, so clocks that differ by less do no harm there.
 */
export interface OutboxRow {
  readonly _id: string;
  readonly shard: string;
  /** Ids, at most 500. */
  readonly events: readonly string[];
  /** The time of the oldest of them. */
  readonly at: Date;
}

/** What waits for the owners of feeds. Undone work: retention never takes it. */
export const FeedOutbox = defineCollection<OutboxRow>('feed_outbox', { shard: String, events: [String], at: Date }, [
  { key: { shard: 1, _id: 1 } },
]);

/** Where events wait for the owner of their feeds. */
export const outboxPlace: Place = { in: FeedOutbox.name, waits: (shards) => ({ shard: { $in: shards } }) };

/** Events a row names at most. */
const rowMost = 500;
/** Rows that come in one answer of MongoDB: more than a full batch of commits needs. */
const rowsAtOnce = 50;

/** An event, and the shards of feeds that have no places for it yet. */
export interface WaitingEvent extends Pick<StoredEvent, '_id' | 'time'> {
  readonly shards: readonly string[];
}

/** An event as it is at first: without any place. */
export function unplaced({ _id, time, audience }: StoredEvent): WaitingEvent {
  return { _id, time, shards: audience.map((feed) => shardFor('feeds', feed)) };
}

/** The rows of events that come about together, in their order. An event stands once for each of its shards. */
export function outboxRows(events: readonly WaitingEvent[]): OutboxRow[] {
  const waits = events.flatMap((event) => [...new Set(event.shards)].map((shard) => ({ shard, event })));
  return [...groupBy(waits, ({ shard }) => shard)].flatMap(([shard, group]) =>
    Array.from({ length: Math.ceil(group.length / rowMost) }, (_, index): OutboxRow => {
      const part = group.slice(index * rowMost, (index + 1) * rowMost).map(({ event }) => event);
      const oldest = Math.min(...part.map(({ time }) => time.getTime()));
      return { _id: newId(), shard, events: part.map(({ _id }) => _id), at: new Date(oldest) };
    }),
  );
}

/**
 * Inserts events, and what tells the feeds' owners of them. The only way for events to come about. Called after the
 * documents of the commit are written: see OutboxRow.
 */
export async function insertEvents(session: mongo.ClientSession, events: readonly StoredEvent[]): Promise<void> {
  if (events.length === 0) {
    return;
  }
  await Events.native().insertMany([...events], { session });
  const rows = outboxRows(events.map(unplaced));
  if (rows.length > 0) {
    await FeedOutbox.native().insertMany(rows, { session });
  }
}

/** The first rows of some shards that name about `most` events together. `more`: there may be others. */
export async function waitingRows(
  shards: readonly string[],
  most: number,
): Promise<{ readonly rows: readonly OutboxRow[]; readonly more: boolean }> {
  const rows: OutboxRow[] = [];
  let count = 0;
  const found = FeedOutbox.native().find(
    { shard: { $in: [...shards] } },
    { sort: { _id: 1 }, limit: most, batchSize: rowsAtOnce },
  );
  for await (const row of found) {
    rows.push(row);
    count += row.events.length;
    if (count >= most) {
      return { rows, more: true };
    }
  }
  return { rows, more: false };
}

/** How many events wait in some shards, counted up to `most`; one that waits in several of them counts in each. */
export async function countWaiting(shards: readonly string[], most: number, maxTimeMS: number): Promise<number> {
  let count = 0;
  const sizes = FeedOutbox.native().aggregate<{ size: number }>(
    [{ $match: { shard: { $in: [...shards] } } }, { $limit: most }, { $project: { size: { $size: '$events' } } }],
    { maxTimeMS, batchSize: rowsAtOnce },
  );
  for await (const { size } of sizes) {
    count += size;
    if (count >= most) {
      return most;
    }
  }
  return count;
}

/** Since when the oldest event of some shards waits. */
export async function waitingEventsSince(shards: readonly string[], maxTimeMS: number): Promise<Date | undefined> {
  const row = await FeedOutbox.native().findOne({ shard: { $in: [...shards] } }, { sort: { _id: 1 }, maxTimeMS });
  return row?.at;
}
