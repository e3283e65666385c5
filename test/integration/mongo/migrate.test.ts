// What the migration step makes of a database of a former version.
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import mongoose from 'mongoose';
import { Work } from '#src/platform/commands/work.ts';
import { connectMongo } from '#src/platform/mongo/connect.ts';
import { migrate } from '#src/platform/mongo/migrate.ts';

describe('the migration step', () => {
  before(async () => {
    await connectMongo();
    await mongoose.connection.dropDatabase();
  });
  after(async () => {
    await mongoose.connection.dropDatabase();
    await mongoose.disconnect();
  });

  it('takes an index of a former version away, and no other', async () => {
    await Work.native().createIndex({ shard: 1, _id: 1 }, { partialFilterExpression: { state: 'new' } });
    await Work.native().createIndex({ key: 1 });
    await migrate();
    const keys = (await Work.native().indexes()).map(({ key }) => JSON.stringify(key));
    assert.ok(!keys.includes('{"shard":1,"_id":1}'));
    assert.ok(keys.includes('{"key":1}') && keys.includes('{"shard":1,"notBefore":1,"_id":1}'));
  });

  it('is made once, by one of many who begin together, however much longer than its lease it takes', async () => {
    let sown = 0;
    const seed = {
      of: 'a slow seed',
      sow: async () => {
        sown += 1;
        await delay(2_500);
      },
    };
    await Promise.all([migrate([seed], 1_000), migrate([seed], 1_000), migrate([seed], 1_000)]);
    assert.equal(sown, 1);
  });

  it('is made by another where whoever held the lock is gone', async () => {
    const gone = { _id: 'lock', holder: 'gone', until: new Date(Date.now() + 300) };
    await mongoose.connection.collection<{ _id: string }>('meta').insertOne(gone);
    let sown = 0;
    const sow = async (): Promise<void> => await Promise.resolve(void (sown += 1));
    await migrate([{ of: 'another seed', sow }]);
    assert.equal(sown, 1);
    assert.ok(Date.now() >= gone.until.getTime());
  });
});
