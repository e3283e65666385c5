// What the migration step makes of a database of a former version.
import assert from 'node:assert/strict';
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
});
