// Which rows may be done now, and that rows for later cost a look at nothing, however many they are.
import assert from 'node:assert/strict';
import mongoose from 'mongoose';
import { readyRows } from '#src/platform/commands/ready-rows.ts';
import { shardsOf, Work, type WorkRow } from '#src/platform/commands/work.ts';
import { connectMongo } from '#src/platform/mongo/connect.ts';
import { migrate } from '#src/platform/mongo/migrate.ts';
import { workRowOf } from '../../support/rows.ts';

const now = new Date('2026-03-01T12:00:00Z');
const inAnHour = new Date('2026-03-01T13:00:00Z');
const anHourAgo = new Date('2026-03-01T11:00:00Z');
const shards = shardsOf('gamification');

function rowOf(n: number, fields: Partial<WorkRow> = {}): WorkRow {
  return { ...workRowOf({ kind: 'gamification.test', key: `user.${String(n)}`, input: { n } }), ...fields };
}

const idsOf = (rows: readonly WorkRow[]): string[] => rows.map(({ _id }) => _id);

describe('rows that may be done now', () => {
  before(async () => {
    await connectMongo();
    await mongoose.connection.dropDatabase();
    await migrate();
  });
  beforeEach(async () => await Work.native().deleteMany({}));
  after(async () => {
    await mongoose.connection.dropDatabase();
    await mongoose.disconnect();
  });

  it('are those that were never put off and those whose time has come, in the order they were accepted', async () => {
    const rows = [
      rowOf(0, { notBefore: anHourAgo, attempts: 1 }),
      rowOf(1),
      rowOf(2, { notBefore: inAnHour }),
      rowOf(3, { state: 'done' }),
      rowOf(4, { notBefore: now }),
      rowOf(5),
      rowOf(6, { shard: 'machines.0' }),
    ];
    await Work.native().insertMany(rows);
    const ids = idsOf(rows);
    assert.deepEqual(idsOf(await readyRows(shards, now, 10)), [ids[0], ids[1], ids[4], ids[5]]);
    assert.deepEqual(idsOf(await readyRows(shards, now, 3)), [ids[0], ids[1], ids[4]]);
    const held = { key: { $nin: ['user.1'] } };
    assert.deepEqual(idsOf(await readyRows(shards, now, 10, held)), [ids[0], ids[4], ids[5]]);
  });

  it('are found without a look at two thousand rows for later', async () => {
    const later = Array.from({ length: 2_000 }, (_, n) => rowOf(n, { notBefore: inAnHour }));
    const ready = Array.from({ length: 5 }, (_, n) => rowOf(n));
    await Work.native().insertMany([...later, ...ready]);
    const db = mongoose.connection.getClient().db(mongoose.connection.name);
    await db.command({ profile: 2 });
    const found = await readyRows(shards, now, 100);
    await db.command({ profile: 0 });
    assert.deepEqual(idsOf(found), idsOf(ready));
    const looks = await db
      .collection<{ keysExamined: number }>('system.profile')
      .find({ ns: /\.work$/u })
      .toArray();
    assert.ok(looks.length > 0);
    const keys = looks.reduce((sum, { keysExamined }) => sum + keysExamined, 0);
    // Each shard is entered twice, and told apart from its end.
    assert.ok(keys <= ready.length + 4 * shards.length, `${String(keys)} entries of the index were looked at`);
  });
});
