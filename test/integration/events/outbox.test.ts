// The outbox of the feeds on a real MongoDB: what a commit puts into it, and how owners number from it.
import assert from 'node:assert/strict';
import mongoose from 'mongoose';
import type { Drain } from '#src/platform/commands/owner.ts';
import { emptyPlan } from '#src/platform/commands/plan.ts';
import { poolStates, undoneRows } from '#src/platform/commands/pool-states.ts';
import { Tenure } from '#src/platform/commands/tenure.ts';
import { Owners, shardFor, Shards, shardsOf } from '#src/platform/commands/work.ts';
import { writeEffects } from '#src/platform/commands/write.ts';
import { Events, toCloudEvent, type StoredEvent } from '#src/platform/events/event.ts';
import { feedDrain, FeedEvents } from '#src/platform/events/feeds.ts';
import { FeedOutbox, outboxRows, unplaced } from '#src/platform/events/outbox.ts';
import { newId } from '#src/platform/ids.ts';
import { connectMongo } from '#src/platform/mongo/connect.ts';
import { migrate } from '#src/platform/mongo/migrate.ts';
import { inTransaction } from '#src/platform/mongo/transaction.ts';
import { closeRedis } from '#src/platform/redis/clients.ts';
import { closeHints } from '#src/platform/redis/hints.ts';

const shards = shardsOf('feeds');
const time = new Date('2026-03-01T12:00:00Z');

/** A feed of a shard; another one of the same shard for each `nth`. */
function feedOf(shard: string, nth = 0): string {
  const names = Array.from({ length: 1_000 }, (_, index) => `user.u${String(index)}`);
  return names.filter((name) => shardFor('feeds', name) === shard)[nth] ?? assert.fail();
}

const [first = '', second = ''] = shards;
const here = feedOf(first);
const beside = feedOf(first, 1);
const there = feedOf(second);

function eventFor(audience: readonly string[], fields: Partial<StoredEvent> = {}): StoredEvent {
  const base = { type: 'test.noted', subject: 'test', actor: 'system', data: {}, requestId: 'test' };
  return { _id: `${newId()}.0`, ...base, audience, time, ...fields };
}

/** Commits events as every command does. */
async function commit(...events: StoredEvent[]): Promise<void> {
  const session = mongoose.connection.getClient().startSession();
  await inTransaction(session, async () => await writeEffects(session, { ...emptyPlan(), events }, null));
  await session.endSession();
}

/** An owner of some shards of the feeds, that numbers when it is told to. */
async function ownerOf(...owned: readonly string[]): Promise<{ tenure: Tenure; drain: Drain }> {
  const tenure = await Tenure.begin('feeds');
  for (const shard of owned) {
    const row = await Shards.native().findOne({ _id: shard });
    assert.ok(await tenure.claim(shard, row?.owner ?? null), shard);
  }
  const drain = feedDrain();
  drain.onShards?.(tenure.shards, tenure.id);
  return { tenure, drain };
}

/** Passes until nothing is left for the owner; resolves with how many there were. */
async function drained({ tenure, drain }: { tenure: Tenure; drain: Drain }): Promise<number> {
  for (let passes = 1; ; passes += 1) {
    assert.ok(passes < 20, 'it comes to no end');
    if (!(await drain.pass(tenure))) {
      return passes;
    }
  }
}

/** The place of an event in the feed `here`, as if somebody else had numbered it. */
async function placedByAnother(event: StoredEvent, seq: number): Promise<void> {
  const place = { feed: here, seq, epoch: 'e', event: toCloudEvent(event) };
  await FeedEvents.native().insertOne({
    _id: `${here}|${event._id}`,
    ...place,
    expireAt: new Date(Date.now() + 60_000),
  });
}

const placesIn = async (feed: string): Promise<string[]> =>
  (await FeedEvents.native().find({ feed }).sort({ seq: 1 }).toArray()).map(
    ({ seq, event }) => `${String(seq)} ${event.id}`,
  );
const inOrder = (events: readonly StoredEvent[]): string[] =>
  events.map(({ _id }, index) => `${String(index + 1)} ${_id}`);

describe('the outbox of the feeds', () => {
  before(async () => {
    await connectMongo();
    await mongoose.connection.dropDatabase();
    await migrate();
  });
  beforeEach(async () => {
    await Events.native().deleteMany({});
    await FeedEvents.native().deleteMany({});
    await FeedOutbox.native().deleteMany({});
    await Shards.native().updateMany({}, { $set: { owner: null } });
  });
  after(async () => {
    await mongoose.connection.dropDatabase();
    await closeHints();
    await closeRedis();
    await mongoose.disconnect();
  });

  it('gets one row for each shard, which names an event once however many feeds of the shard carry it', async () => {
    const [both, alone, silent] = [eventFor([here, there, beside]), eventFor([here]), eventFor([])];
    await commit(both, alone, silent);
    const rows = await FeedOutbox.native().find({}).sort({ shard: 1 }).toArray();
    assert.deepEqual(
      rows.map(({ shard, events, at }) => ({ shard, events, at })),
      [
        { shard: first, events: [both._id, alone._id], at: time },
        { shard: second, events: [both._id], at: time },
      ],
    );
    assert.equal(await Events.native().countDocuments(), 3);
    assert.equal(await Events.native().countDocuments({ pending: { $exists: true } }), 0);
  });

  it('holds events back that were never committed', async () => {
    const session = mongoose.connection.getClient().startSession();
    const undone = inTransaction(session, async () => {
      await writeEffects(session, { ...emptyPlan(), events: [eventFor([here])] }, null);
      throw new Error('No');
    });
    await assert.rejects(undone, /^Error: No$/u);
    await session.endSession();
    assert.equal(await FeedOutbox.native().countDocuments(), 0);
  });

  it('names at most 500 events in a row, and their order outlives passes and rows', async () => {
    const events = Array.from({ length: 2_300 }, () => eventFor([here]));
    await commit(...events);
    const sizes = (await FeedOutbox.native().find({}).sort({ _id: 1 }).toArray()).map((row) => row.events.length);
    assert.deepEqual(sizes, [500, 500, 500, 500, 300]);
    assert.deepEqual((await undoneRows()).feeds, 2_300);
    const owner = await ownerOf(...shards);
    assert.ok((await drained(owner)) >= 3, 'a pass takes about a thousand');
    assert.deepEqual(await placesIn(here), inOrder(events));
    assert.equal(await FeedOutbox.native().countDocuments(), 0);
    assert.equal((await undoneRows()).feeds, 0);
    await owner.tenure.end();
  });

  it('says how many events wait and since when, the oldest first', async () => {
    const ago = (ms: number): Date => new Date(Date.now() - ms);
    assert.deepEqual((await poolStates()).feeds, { owners: 0, oldestWaitMs: 0 });
    await commit(eventFor([here, there], { time: ago(60_000) }), eventFor([here], { time: ago(90_000) }));
    await commit(eventFor([there], { time: ago(1_000) }));
    const { oldestWaitMs } = (await poolStates()).feeds;
    assert.ok(oldestWaitMs >= 60_000 && oldestWaitMs < 120_000, String(oldestWaitMs));
    // The first waits in two shards.
    assert.equal((await undoneRows()).feeds, 4);
  });

  it('numbers for two owners side by side, each its own feeds of the same event', async () => {
    const owners = [await ownerOf(...shards.slice(0, 4)), await ownerOf(...shards.slice(4))];
    const audience = [...shards.map((shard) => feedOf(shard)), beside];
    const events: StoredEvent[] = [];
    const write = async (): Promise<void> => {
      for (let round = 0; round < 30; round += 1) {
        const batch = Array.from({ length: 5 }, () => eventFor(audience));
        await commit(...batch);
        events.push(...batch);
      }
    };
    let writing = true;
    const number = async (owner: { tenure: Tenure; drain: Drain }): Promise<void> => {
      while (writing) {
        // Nothing of the other owner's is in its way: a pass never has to be done again.
        await owner.drain.pass(owner.tenure);
      }
      await drained(owner);
    };
    await Promise.all([
      write().finally(() => {
        writing = false;
      }),
      ...owners.map(number),
    ]);
    for (const feed of audience) {
      assert.deepEqual(await placesIn(feed), inOrder(events), feed);
    }
    assert.equal(await FeedOutbox.native().countDocuments(), 0);
    await Promise.all(owners.map(async ({ tenure }) => await tenure.end()));
  });

  it('is gone on with by the next owner, where the one before ended', async () => {
    const events = Array.from({ length: 6 }, () => eventFor([here, there]));
    const before = await ownerOf(...shards);
    await commit(...events.slice(0, 3));
    await drained(before);
    await commit(...events.slice(3, 5));
    await before.tenure.end();
    const [one, other] = [await ownerOf(first), await ownerOf(second)];
    await drained(other);
    await commit(...events.slice(5));
    await drained(one);
    assert.deepEqual(await placesIn(here), inOrder(events));
    assert.deepEqual(await placesIn(there), inOrder(events.slice(0, 5)));
    await drained(other);
    assert.deepEqual(await placesIn(there), inOrder(events));
    await Promise.all([one, other].map(async ({ tenure }) => await tenure.end()));
  });

  it('writes nothing for an owner whose tenure is over', async () => {
    await commit(eventFor([here]));
    const late = await ownerOf(...shards);
    await Owners.native().deleteOne({ _id: late.tenure.id });
    await assert.rejects(Promise.resolve(late.drain.pass(late.tenure)), { name: 'Fenced' });
    assert.deepEqual(await placesIn(here), []);
    assert.equal(await FeedOutbox.native().countDocuments(), 1);
    await late.tenure.abandon();
  });

  it('leaves out places that are there, and deletes a row that has nothing else', async () => {
    const [known, fresh] = [eventFor([here, beside]), eventFor([here])];
    await commit(known, fresh);
    await placedByAnother(known, 1);
    const owner = await ownerOf(...shards);
    await drained(owner);
    assert.deepEqual(await placesIn(here), inOrder([known, fresh]));
    assert.deepEqual(await placesIn(beside), inOrder([known]));
    // The same once more, twice in one batch.
    await FeedOutbox.native().insertMany([...outboxRows([unplaced(known)]), ...outboxRows([unplaced(known)])]);
    await drained(owner);
    assert.deepEqual(await placesIn(here), inOrder([known, fresh]));
    assert.equal(await FeedOutbox.native().countDocuments(), 0);
    await owner.tenure.end();
  });

  it('finds where a feed ends when somebody else has numbered meanwhile', async () => {
    const owner = await ownerOf(...shards);
    const [before, between, after] = [eventFor([here]), eventFor([here]), eventFor([here])];
    await commit(before);
    await drained(owner);
    await placedByAnother(between, 2);
    await commit(after);
    await drained(owner);
    assert.deepEqual(await placesIn(here), inOrder([before, between, after]));
    await owner.tenure.end();
  });

  it('passes over events that are gone', async () => {
    const [kept, gone, alone] = [eventFor([here]), eventFor([here]), eventFor([there])];
    await commit(gone, kept);
    await commit(alone);
    await Events.native().deleteMany({ _id: { $in: [gone._id, alone._id] } });
    const owner = await ownerOf(...shards);
    await drained(owner);
    assert.deepEqual(await placesIn(here), inOrder([kept]));
    assert.deepEqual(await placesIn(there), []);
    assert.equal(await FeedOutbox.native().countDocuments(), 0);
    await owner.tenure.end();
  });
});
