// An owner that is killed inside a transaction: what it had taken is done once by its successor, within the lease.
import assert from 'node:assert/strict';
import { shardFor } from '#src/platform/commands/work.ts';
import { eventually } from '../support/eventually.ts';
import { blockNext, ownerInside, ownerOf, shared, unblock, type Blocked } from '../support/faults.ts';
import { call } from '../support/fleet.ts';
import { checkInvariants, settled } from '../support/invariants.ts';
import { startLoad, summary, type Grant } from '../support/load.ts';
import { showLogs, startSystem, type System } from '../support/system.ts';

/** A deadline, far beyond the 5 s that the lease and the dead transaction last. */
const takeoverMs = 20_000;

describe('an owner that is killed', () => {
  let system: System;
  const acknowledged: Grant[] = [];

  before(async () => {
    system = await startSystem();
  });
  after(async () => {
    await system?.stop();
  });
  beforeEach(async () => {
    await shared(system.db);
  });
  afterEach(async function () {
    showLogs(this, system);
    await unblock(system.db);
  });

  /** Kills a worker with SIGKILL and starts another in its place. */
  async function replace(pid: number): Promise<void> {
    await system.fleet.restartWorker(system.worker(pid).index);
  }

  /** Grants through an API, waiting long enough for a take-over. */
  async function grantOnce(userId: string, key: string): Promise<{ status: number; body: unknown }> {
    return await call(system.url(0), 'POST', '/api/gamification/xp/add', {
      token: system.token,
      body: { userId, amount: 7, reason: key },
      headers: { 'Idempotency-Key': key, Prefer: 'wait=30' },
    });
  }

  const inside: readonly (readonly [name: string, blocked: Omit<Blocked, 'ms'>])[] = [
    ['after it wrote the ledger, before it wrote the totals', { command: 'update', collection: 'xp_totals' }],
    ['with its commit on the way', { command: 'commitTransaction' }],
  ];
  for (const [name, blocked] of inside) {
    it(`leaves one grant to its successor: ${name}`, async () => {
      const userId = system.people[0] ?? '';
      const key = `load-killed-${blocked.command}`;
      await settled(system.db);
      await blockNext(system.db, { ...blocked, ms: 10_000 });
      const answer = grantOnce(userId, key);
      const holder = await ownerInside(system.db);
      const { tenure } = await ownerOf(system.db, shardFor('gamification', `user.${userId}`));
      assert.equal(holder.tenure, tenure, 'the owner of the shard is the one in the transaction');
      const killedAt = performance.now();
      const replaced = replace(holder.pid);
      const { status, body } = await answer;
      const tookMs = performance.now() - killedAt;
      assert.equal(status, 201, JSON.stringify(body));
      console.log(`      done ${Math.round(tookMs)} ms after the kill`);
      assert.ok(tookMs <= takeoverMs, `the successor took ${Math.round(tookMs)} ms`);
      acknowledged.push({ key, userId, amount: 7, answer: body, replayed: false });
      await replaced;
      await checkInvariants(system.db, { acknowledged });
    });
  }

  it('loses and doubles nothing under load, whichever owner stands in a transaction', async () => {
    const load = startLoad(system);
    for (const [, blocked] of inside) {
      await eventually(() => assert.ok(load.report.grants.length > 50), 15_000);
      await blockNext(system.db, { ...blocked, ms: 10_000 });
      const { pid } = await ownerInside(system.db);
      await replace(pid);
      await shared(system.db);
    }
    const report = await load.stop();
    console.log(`      ${summary(report)}`);
    assert.deepEqual(report.unexpected, []);
    acknowledged.push(...report.grants);
    await checkInvariants(system.db, { acknowledged });
  });
});
