// Jobs that nobody takes, because their queue is paused or has no owner, do not fill Redis.
import assert from 'node:assert/strict';
import mongoose from 'mongoose';
import { closeQueues, openQueues, producerOf, wakeOwners } from '#src/platform/commands/queues.ts';
import { Shards } from '#src/platform/commands/work.ts';
import { connectMongo } from '#src/platform/mongo/connect.ts';
import { closeRedis } from '#src/platform/redis/clients.ts';
import { eventually } from '../../support/eventually.ts';
import { workRowOf } from '../../support/rows.ts';

const shard = 'machines.6';

describe('a queue whose jobs nobody takes', function () {
  this.timeout(20_000);
  before(async () => {
    await connectMongo();
    await Shards.native().deleteMany({});
    openQueues();
    await eventually(async () => await queue().obliterate({ force: true }));
  });
  after(async () => {
    await queue().obliterate({ force: true });
    await closeQueues();
    await closeRedis();
    await mongoose.connection.dropDatabase();
    await mongoose.disconnect();
  });

  const queue = () => {
    const found = producerOf(shard);
    assert.ok(found);
    return found;
  };
  const row = { ...workRowOf({ kind: 'machine.event', key: 'one', input: {} }), shard };
  /** Adds as many as that, one after another, and tells by how many more wait now. */
  const added = async (count: number): Promise<number> => {
    const before = await queue().getWaitingCount();
    for (let index = 0; index < count; index += 1) {
      wakeOwners([row]);
    }
    // Added after them on the same connection, and taken away again.
    const last = await queue().add('last', { rows: [], requestIds: [] });
    await last.remove();
    return (await queue().getWaitingCount()) - before;
  };

  for (const paused of [true, false]) {
    it(`gets no more when a thousand wait, ${paused ? 'paused' : 'without an owner'}, and more again later`, async () => {
      await (paused ? queue().pause() : queue().resume());
      assert.equal(await added(10), 10);
      await queue().addBulk(
        Array.from({ length: 1_000 }, () => ({ name: 'x', data: { rows: ['r'], requestIds: [] } })),
      );
      await eventually(async () => assert.equal(await added(50), 0));
      await queue().drain();
      await eventually(async () => assert.equal(await added(2), 2));
      await queue().drain();
    });
  }
});
