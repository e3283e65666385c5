// Events of the version before the outbox, which wait under `pending`: what the migration step and the looks after it
// make of them.
import assert from 'node:assert/strict';
import mongoose from 'mongoose';
import { Events } from '#src/platform/events/event.ts';
import { FeedOutbox } from '#src/platform/events/outbox.ts';
import { lateLooks, lookOnceMore, outboxSeed } from '#src/platform/events/pending-events.ts';
import { connectMongo } from '#src/platform/mongo/connect.ts';
import { Meta } from '#src/platform/mongo/meta.ts';
import { forgetShape, migrate } from '#src/platform/mongo/migrate.ts';
import { eventually } from '../../support/eventually.ts';

const indexOfBefore = { pending: 1, _id: 1 } as const;
const time = new Date('2026-03-01T12:00:00Z');
const inTwoDays = (): Date => new Date(Date.now() + 2 * 86_400_000);

interface OldEvent {
  readonly _id: string;
  readonly pending?: readonly string[];
}

function old(n: number, ...pending: readonly string[]): OldEvent {
  const base = {
    type: 'test.noted',
    subject: 'test',
    actor: 'system',
    data: { n },
    audience: ['a', 'b'],
    requestId: 'r',
  };
  const _id = `e${String(n).padStart(6, '0')}.0`;
  return { _id, ...base, time: new Date(time.getTime() + n), ...(pending.length > 0 ? { pending } : {}) } as OldEvent;
}

async function keep(...events: readonly OldEvent[]): Promise<void> {
  await Events.native().insertMany(events as never);
}

/** What waits in a shard, in the order in which it will be numbered. */
async function waitingIn(shard: string): Promise<string[]> {
  return (await FeedOutbox.native().find({ shard }).sort({ _id: 1 }).toArray()).flatMap(({ events }) => [...events]);
}

const leftOver = async (): Promise<number> => await Events.native().countDocuments({ pending: { $exists: true } });
const idsOf = (events: readonly OldEvent[]): string[] => events.map(({ _id }) => _id);

describe('events of the version before the outbox', () => {
  before(async () => await connectMongo());
  beforeEach(async () => {
    await mongoose.connection.dropDatabase();
    await Events.native().createIndex(indexOfBefore, { partialFilterExpression: { pending: { $exists: true } } });
  });
  after(async () => {
    await mongoose.connection.dropDatabase();
    await mongoose.disconnect();
  });

  it('wait in the outbox after the migration step, in their order, and the index is gone', async () => {
    const events = [
      old(0),
      old(1, 'feeds.3'),
      old(2, 'feeds.3', 'feeds.5'),
      old(3),
      old(4, 'feeds.5'),
      old(5, 'feeds.3'),
    ];
    await keep(...events);
    await migrate([outboxSeed]);
    assert.deepEqual(await waitingIn('feeds.3'), idsOf([old(1), old(2), old(5)]));
    assert.deepEqual(await waitingIn('feeds.5'), idsOf([old(2), old(4)]));
    assert.deepEqual((await FeedOutbox.native().findOne({ shard: 'feeds.5' }))?.at, new Date(time.getTime() + 2));
    assert.equal(await leftOver(), 0);
    const keys = (await Events.native().indexes()).map(({ key }) => JSON.stringify(key));
    assert.ok(!keys.includes(JSON.stringify(indexOfBefore)));
    const kept = await Events.native().findOne({ _id: old(2)._id });
    assert.deepEqual(kept, { ...old(2) } as never);
  });

  it('are taken over once by repeats, and by two processes at once', async () => {
    const events = Array.from({ length: 3_000 }, (_, n) => old(n, 'feeds.0', `feeds.${String(1 + (n % 7))}`));
    await keep(...events);
    await migrate();
    await Promise.all([outboxSeed.sow(), outboxSeed.sow()]);
    await outboxSeed.sow();
    assert.deepEqual((await waitingIn('feeds.0')).toSorted(), idsOf(events));
    assert.equal(await leftOver(), 0);
    const rows = await FeedOutbox.native().find({}).toArray();
    assert.equal(rows.flatMap((row) => row.events).length, 2 * events.length);
    assert.ok(rows.every((row) => row.events.length <= 500));
  });

  it('are neither lost nor doubled where the step ends in the middle and is done again', async () => {
    const events = Array.from({ length: 5_000 }, (_, n) => old(n, 'feeds.2'));
    await keep(...events);
    await migrate();
    await forgetShape();
    // As if the process ended there: a later window cannot be written.
    const [reached] = idsOf([old(4_400)]);
    await mongoose.connection.db?.command({ collMod: FeedOutbox.name, validator: { events: { $ne: reached } } });
    await assert.rejects(migrate([outboxSeed]), /validation/u);
    const done = await waitingIn('feeds.2');
    assert.ok(done.length > 0 && done.length < events.length, String(done.length));
    assert.equal(await leftOver(), events.length - done.length);
    await mongoose.connection.db?.command({ collMod: FeedOutbox.name, validator: {} });
    await migrate([outboxSeed]);
    assert.deepEqual(await waitingIn('feeds.2'), idsOf(events));
    assert.equal(await leftOver(), 0);
  });

  it('are looked for once more after a day, in which older processes may have gone on', async () => {
    await migrate([outboxSeed]);
    await keep(old(1, 'feeds.1'));
    assert.equal(await lookOnceMore(), true);
    assert.deepEqual(await waitingIn('feeds.1'), idsOf([old(1)]));
    await keep(old(0, 'feeds.1'));
    assert.equal(await lookOnceMore(inTwoDays()), false);
    assert.deepEqual(await waitingIn('feeds.1'), idsOf([old(1), old(0)]));
    // That was the last look; a step of a later version does not look either.
    await keep(old(2, 'feeds.1'));
    assert.equal(await lookOnceMore(), false);
    await forgetShape();
    await migrate([outboxSeed]);
    assert.equal(await leftOver(), 1);
  });

  it('are looked for by whoever owns the first shard, again and again', async () => {
    await migrate([outboxSeed]);
    const [mine, notMine] = [lateLooks(20), lateLooks(20)];
    notMine(true);
    notMine(false);
    mine(true);
    for (let n = 0; n < 3; n += 1) {
      await keep(old(n, 'feeds.4'));
      await eventually(async () => assert.equal(await leftOver(), 0));
    }
    await Meta.native().updateOne({ _id: 'feed-outbox' }, { $set: { until: time } });
    await eventually(async () => assert.equal((await Meta.native().findOne({ _id: 'feed-outbox' }))?.until, undefined));
    mine(false);
  });

  it('are found in a restored backup of that version, which has no index and remembers no look', async () => {
    await migrate([outboxSeed]);
    assert.equal(await lookOnceMore(inTwoDays()), false);
    await Meta.native().deleteMany({});
    await keep(old(1, 'feeds.6'));
    await migrate([outboxSeed]);
    assert.deepEqual(await waitingIn('feeds.6'), idsOf([old(1)]));
  });
});
