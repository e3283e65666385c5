// Handing rows to the owner of their shard, who may be too far away, too slow or gone: then nobody waits for him.
import assert from 'node:assert/strict';
import mongoose from 'mongoose';
import { z } from 'zod';
import { FreshRows, handOver } from '#src/platform/commands/fresh.ts';
import { ownerOf } from '#src/platform/commands/queues.ts';
import { Shards, type WorkRow } from '#src/platform/commands/work.ts';
import { newId } from '#src/platform/ids.ts';
import { connectMongo } from '#src/platform/mongo/connect.ts';
import { closeRedis } from '#src/platform/redis/clients.ts';
import { closeHints, hint, onHint } from '#src/platform/redis/hints.ts';
import { eventually } from '../../support/eventually.ts';

const shard = 'gamification.0';
const owner = `gamification.${newId()}`;

function rowWith(input: unknown): WorkRow {
  return {
    _id: newId(),
    shard,
    kind: 'gamification.test',
    key: 'user.ada',
    input,
    actor: 'ada',
    requestHash: '',
    state: 'new',
    attempts: 0,
    notBefore: new Date(0),
    requestId: newId(),
    acceptedAt: new Date(),
  };
}

describe('handing rows over', () => {
  const fresh = new FreshRows('gamification', () => undefined);

  before(async () => {
    await connectMongo();
    await Shards.native().deleteMany({});
    await Shards.native().insertOne({ _id: shard, pool: 'gamification', owner, epoch: 1 });
    fresh.listen(owner);
    await eventually(async () => {
      assert.equal(ownerOf(shard), owner);
      assert.equal(await handOver(rowWith({})), true);
    });
  });
  after(async () => {
    fresh.listen(undefined);
    await closeHints();
    await closeRedis();
    await mongoose.connection.dropDatabase();
    await mongoose.disconnect();
  });

  it('answers everybody of a turn whose rows are too large together to be sent', async () => {
    const half = 'x'.repeat(9 * 1024 * 1024);
    assert.deepEqual(await Promise.all([handOver(rowWith({ half })), handOver(rowWith({ half }))]), [false, false]);
    await eventually(async () => assert.equal(await handOver(rowWith({})), true));
  });

  it('gives the owner the row as it was, and nothing of a message that carries another seal', async () => {
    const all = new Set([shard]);
    fresh.take(all, 1_000);
    const sent: string[] = [];
    const stop = onHint(`fresh.${owner}`, z.unknown(), (message) => sent.push(JSON.stringify(message)));
    const row = rowWith({ at: new Date(0), amount: 7 });
    try {
      await eventually(async () => assert.equal(await handOver(row), true));
      await eventually(() => assert.ok(sent.length > 0));
      await eventually(() => assert.deepEqual(fresh.take(all, 1)[0], row));
      fresh.take(all, 1_000);
      const { packed } = JSON.parse(sent[0] ?? '') as { packed: string };
      hint(`fresh.${owner}`, { packed, seal: 'forged' });
      hint(`fresh.${owner}`, { packed });
      // They come in order: the last one was looked at when it is here.
      await eventually(() => assert.equal(sent.at(-1), JSON.stringify({ packed })));
      assert.equal(fresh.waiting, false);
    } finally {
      stop();
    }
  });

  it('hands nothing to an owner who no longer listens', async () => {
    fresh.listen(`gamification.${newId()}`);
    await eventually(async () => assert.equal(await handOver(rowWith({})), false));
  });
});
