// One look for all owners of a process: it finds whoever has something to do, by one command that looks at next to nothing.
import assert from 'node:assert/strict';
import mongoose from 'mongoose';
import { whoseWaits, type Place, type Watcher } from '#src/platform/commands/lookout.ts';
import { workPlace } from '#src/platform/commands/ready-rows.ts';
import { shardsOf, Work, type WorkRow } from '#src/platform/commands/work.ts';
import { FeedOutbox, outboxPlace } from '#src/platform/events/outbox.ts';
import { Timers, type Timer } from '#src/platform/machines/store.ts';
import { timerSweep } from '#src/platform/machines/timers.ts';
import { connectMongo } from '#src/platform/mongo/connect.ts';
import { migrate } from '#src/platform/mongo/migrate.ts';
import { workRowOf } from '../../support/rows.ts';

const now = new Date('2026-03-01T12:00:00Z');
const inAnHour = new Date('2026-03-01T13:00:00Z');

const watcherOf = (shards: readonly string[], places: readonly Place[]): Watcher => ({
  places,
  shards: () => shards,
  found: () => assert.fail('Nobody is told by asking'),
});
const gamification = watcherOf(shardsOf('gamification'), [workPlace]);
const machines = watcherOf(shardsOf('machines'), [workPlace, ...timerSweep.places]);
const feeds = watcherOf(shardsOf('feeds'), [outboxPlace]);
const all = [gamification, machines, feeds];

function rowOf(n: number, fields: Partial<WorkRow> = {}): WorkRow {
  return { ...workRowOf({ kind: 'gamification.test', key: `user.${String(n)}`, input: { n } }), ...fields };
}

async function insertTimer(_id: string, dueAt: Date, state: Timer['state'] = 'armed'): Promise<void> {
  const trigger = { kind: 'raise', event: { type: 'X' } } as const;
  const shard = 'machines.3';
  await Timers.native().insertOne({ _id, instance: 'a.b', sendId: 'x', trigger, dueAt, state, shard, requestId: 'r' });
}

describe('the look for all owners', () => {
  before(async () => {
    await connectMongo();
    await mongoose.connection.dropDatabase();
    await migrate();
  });
  beforeEach(async () => {
    await Promise.all(
      [Work, Timers, FeedOutbox].map(async ({ name }) => {
        await mongoose.connection.collection(name).deleteMany({});
      }),
    );
  });
  after(async () => {
    await mongoose.connection.dropDatabase();
    await mongoose.disconnect();
  });

  it('finds nobody where nothing waits, is due, or is theirs', async () => {
    assert.deepEqual(await whoseWaits(all, now), []);
    await Work.native().insertMany([
      rowOf(1, { notBefore: inAnHour }),
      rowOf(2, { state: 'done' }),
      rowOf(3, { shard: 'effects.0' }),
    ]);
    await insertTimer('later', inAnHour);
    await insertTimer('fired', now, 'fired');
    assert.deepEqual(await whoseWaits(all, now), []);
    assert.deepEqual(await whoseWaits([], now), []);
  });

  it('finds each owner by any of its places, and no other', async () => {
    await Work.native().insertOne(rowOf(1));
    assert.deepEqual(await whoseWaits(all, now), [gamification]);
    await insertTimer('due', now);
    assert.deepEqual(await whoseWaits(all, now), [gamification, machines]);
    await FeedOutbox.native().insertOne({ _id: 'o', shard: 'feeds.7', events: ['e'], at: now });
    assert.deepEqual(await whoseWaits(all, now), all);
    await Work.native().deleteMany({});
    assert.deepEqual(await whoseWaits(all, now), [machines, feeds]);
    const elsewhere = watcherOf(['machines.2'], machines.places);
    assert.deepEqual(await whoseWaits([elsewhere, feeds], now), [feeds]);
  });

  it('finds rows that were put off when their time has come', async () => {
    await Work.native().insertOne(rowOf(1, { notBefore: inAnHour, attempts: 1 }));
    assert.deepEqual(await whoseWaits(all, inAnHour), [gamification]);
  });

  it('is one command, and reads no row for later and no second row of a backlog', async () => {
    await Work.native().insertMany([
      ...Array.from({ length: 2_000 }, (_, n) => rowOf(n, { notBefore: inAnHour })),
      ...Array.from({ length: 500 }, (_, n) => rowOf(n)),
    ]);
    const db = mongoose.connection.getClient().db(mongoose.connection.name);
    await db.command({ profile: 2 });
    const found = await whoseWaits(all, now);
    await db.command({ profile: 0 });
    assert.deepEqual(found, [gamification]);
    const looks = await db
      .collection<{ keysExamined: number; docsExamined: number }>('system.profile')
      .find({ ns: { $not: /system\.profile$/u }, op: 'command' })
      .toArray();
    const [look] = looks;
    assert.equal(looks.length, 1);
    assert.ok(look && look.docsExamined <= 1, `${String(look?.docsExamined)} rows were read`);
    assert.ok(look.keysExamined <= 4 * shardsOf('gamification').length, `${String(look.keysExamined)} entries`);
  });
});
