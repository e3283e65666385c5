// What callers that wait are told when no hint comes: only what no election can take back.
import assert from 'node:assert/strict';
import mongoose from 'mongoose';
import { expectOutcome, startWaiting, stopWaiting } from '#src/platform/commands/settled.ts';
import { Work } from '#src/platform/commands/work.ts';
import { newId } from '#src/platform/ids.ts';
import { connectMongo } from '#src/platform/mongo/connect.ts';
import { closeRedis } from '#src/platform/redis/clients.ts';
import { closeHints } from '#src/platform/redis/hints.ts';

describe('waiting for an outcome', () => {
  before(async () => {
    await connectMongo();
    await mongoose.connection.dropDatabase();
    startWaiting();
  });
  after(async () => {
    stopWaiting();
    await closeHints();
    await closeRedis();
    await mongoose.connection.dropDatabase();
    await mongoose.disconnect();
  });

  it('finds what was settled without a hint, and reads only what a majority has', async () => {
    const db = mongoose.connection.getClient().db(mongoose.connection.name);
    const _id = newId();
    await Work.native().insertOne({
      _id,
      shard: 'gamification.0',
      kind: 'gamification.test',
      key: 'user.ada',
      input: {},
      actor: 'ada',
      requestHash: '',
      state: 'done',
      result: { sum: 1 },
      attempts: 0,
      notBefore: new Date(0),
      requestId: newId(),
      acceptedAt: new Date(),
    });
    await db.command({ profile: 2 });
    const outcome = await expectOutcome(_id, 5_000).outcome;
    await db.command({ profile: 0 });
    assert.deepEqual(outcome, { state: 'done', result: { sum: 1 } });
    const reads = await db.collection('system.profile').find({ 'command.find': 'work' }).toArray();
    assert.ok(reads.length > 0);
    assert.deepEqual(
      reads.map(({ command }) => (command as { readConcern?: { level: string } }).readConcern?.level),
      reads.map(() => 'majority'),
    );
  });
});
