// Locks with a lease: had by one at a time, kept by whoever lives, left by whoever is gone.
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import mongoose from 'mongoose';
import { connectMongo } from '#src/platform/mongo/connect.ts';
import { renewLease, takeLease } from '#src/platform/mongo/lease.ts';
import { eventually } from '../../support/eventually.ts';

describe('a lock with a lease', () => {
  before(async () => {
    await connectMongo();
    await mongoose.connection.dropDatabase();
  });
  after(async () => {
    await mongoose.connection.dropDatabase();
    await mongoose.disconnect();
  });

  it('is had by one of many who ask at once, also where nobody had it before', async () => {
    for (const name of ['first', 'second', 'third']) {
      const leases = await Promise.all(Array.from({ length: 30 }, async () => await takeLease(name)));
      assert.equal(leases.filter((lease) => lease !== null).length, 1);
      await Promise.all(leases.map(async (lease) => await lease?.release()));
    }
  });

  it('is kept for as long as its holder lives, and free once it is released', async () => {
    const lease = await takeLease('kept', 1_000);
    await delay(2_500);
    assert.equal(await takeLease('kept'), null);
    await lease?.release();
    const next = await takeLease('kept');
    assert.ok(next);
    await next.release();
  });

  it('goes to another when its holder is gone, and is then neither renewed nor released by the one of before', async () => {
    const gone = { _id: 'left', holder: 'gone', until: new Date(Date.now() + 300) };
    await mongoose.connection.collection<{ _id: string }>('meta').insertOne(gone);
    assert.equal(await takeLease('left'), null);
    const lease = await eventually(async () => {
      const taken = await takeLease('left');
      assert.ok(taken);
      return taken;
    });
    assert.equal(await renewLease('left', 'gone'), false);
    assert.equal(await renewLease('left', lease.holder), true);
    await lease.release();
  });
});
