// MongoDB's window of the past belongs to the whole server: backups of several systems raise it together, each for itself.
import assert from 'node:assert/strict';
import mongoose, { type mongo } from 'mongoose';
import { keepHistory } from '#src/platform/backup/history.ts';
import { backupLock, takeBackupLock } from '#src/platform/backup/one-at-a-time.ts';
import { connectMongo } from '#src/platform/mongo/connect.ts';
import type { Lease } from '#src/platform/mongo/lease.ts';
import { Meta } from '#src/platform/mongo/meta.ts';

const parameter = 'minSnapshotHistoryWindowInSeconds';

describe('the window of the past', () => {
  let admin: mongo.Db;
  let lock: Lease | undefined;

  before(async () => {
    await connectMongo();
    await mongoose.connection.dropDatabase();
    admin = mongoose.connection.getClient().db('admin');
  });
  afterEach(async () => {
    await lock?.release();
    lock = undefined;
    await set(0);
  });
  after(async () => {
    await mongoose.connection.dropDatabase();
    await mongoose.disconnect();
  });

  const get = async (): Promise<number> =>
    Number((await admin.command({ getParameter: 1, [parameter]: 1 }))[parameter]);
  const set = async (seconds: number): Promise<unknown> =>
    await admin.command({ setParameter: 1, [parameter]: seconds });
  const begin = async () => {
    lock = await takeBackupLock();
    return await keepHistory(admin, lock.holder);
  };

  it('is as it was when a backup has ended, also where it is no longer nothing', async () => {
    await set(7);
    const history = await begin();
    assert.ok((await get()) >= 300);
    await history.end();
    assert.equal(await get(), 7);
  });

  it('keeps what another system on the same server needs, whichever of the two began and whichever ends first', async () => {
    const mine = await begin();
    const own = await get();
    await set(own + 500);
    await mine.end();
    assert.equal(await get(), 500, 'the other one began later and goes on');
    await lock?.release();
    const later = await begin();
    const needed = (await get()) - 500;
    assert.ok(needed >= 300, 'the other one began earlier, and may end earlier');
    await set(needed);
    await later.end();
    assert.equal(await get(), 0);
  });

  it('is left to whoever has taken the lock over', async () => {
    const slept = await begin();
    const raised = await get();
    await Meta.native().updateOne({ _id: backupLock }, { $set: { until: new Date(0) } });
    const successor = await takeBackupLock();
    const next = await keepHistory(admin, successor.holder);
    const kept = await get();
    assert.ok(kept >= raised && kept < 2 * raised, 'what the other one had added is the successor’s');
    await slept.end();
    assert.equal(await get(), kept);
    await next.end();
    assert.equal(await get(), 0);
    await successor.release();
  });
});
