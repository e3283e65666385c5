// Redis is emptied, stands still, or dies: no accepted grant is lost or doubled, answers keep coming, the board is right.
import assert from 'node:assert/strict';
import { limits } from '#config/limits.ts';
import { eventually } from '../support/eventually.ts';
import { call } from '../support/fleet.ts';
import { checkInvariants } from '../support/invariants.ts';
import { checkLeaderboard } from '../support/leaderboard.ts';
import { startLoad, summary, type Grant, type LoadReport } from '../support/load.ts';
import { showLogs, startSystem, type System } from '../support/system.ts';

/** What no answer may take beside the wait for its commit, whatever hangs. */
const slowestMs = limits.answerMs + limits.waitDefaultMs;

describe('Redis that is emptied, frozen or killed', () => {
  let system: System;
  const acknowledged: Grant[] = [];

  before(async () => {
    system = await startSystem();
  });
  after(async () => {
    await system?.stop();
  });
  afterEach(function () {
    showLogs(this, system);
  });

  async function checkAll(): Promise<void> {
    await checkInvariants(system.db, { acknowledged });
    await checkLeaderboard(system.db, system.urls(), system.token);
  }

  function checkReport(report: LoadReport): void {
    console.log(`      ${summary(report)}`);
    assert.deepEqual(report.unexpected, []);
    assert.deepEqual(
      [...report.statuses.keys()].filter((status) => ![201, 202, 503].includes(status)),
      [],
    );
    assert.ok(report.slowestMs <= slowestMs, `an answer took ${Math.round(report.slowestMs)} ms`);
    acknowledged.push(...report.grants);
  }

  it('FLUSHALL while callers wait: each gets its answer', async () => {
    const load = startLoad({ ...system, total: 80 });
    await load.stop();
    await checkLeaderboard(system.db, system.urls(), system.token);
    const signal = async (name: NodeJS.Signals): Promise<void> => {
      await Promise.all(system.fleet.workers.map(async ({ child }) => await system.fleet.kill(child, name)));
    };
    const done = await system.db.collection('xp_ledger').countDocuments();
    await signal('SIGSTOP');
    const answers = system.people.map(async (userId, index) => {
      const key = `load-flush-${index}`;
      const { status, body } = await call(system.url(index % 2), 'POST', '/api/gamification/xp/add', {
        token: system.token,
        body: { userId, amount: 5, reason: key },
        headers: { 'Idempotency-Key': key, Prefer: 'wait=20' },
      });
      return { status, grant: { key, userId, amount: 5, answer: body, replayed: false } };
    });
    await eventually(async () => {
      const rows = system.db.collection('work');
      assert.equal(await rows.countDocuments({ state: 'new' }), system.people.length, 'rows that wait');
    });
    await system.servers.flushRedis();
    await signal('SIGCONT');
    for (const { status, grant } of await Promise.all(answers)) {
      assert.equal(status, 201, JSON.stringify(grant.answer));
      acknowledged.push(grant);
    }
    checkReport(load.report);
    assert.equal(await system.db.collection('xp_ledger').countDocuments(), done + system.people.length);
    await checkAll();
  });

  it('FLUSHALL again and again under load', async () => {
    const load = startLoad(system);
    for (let round = 0; round < 5; round += 1) {
      const begun = load.report.grants.length;
      await eventually(() => assert.ok(load.report.grants.length > begun + 30), 15_000);
      await system.servers.flushRedis();
    }
    checkReport(await load.stop());
    await checkAll();
  });

  it('frozen for 8 s under load: answers go on, none waits longer than it may', async () => {
    const load = startLoad(system);
    await eventually(() => assert.ok(load.report.grants.length > 30), 15_000);
    const before = load.report.grants.length;
    await system.servers.freezeRedis(8_000);
    assert.ok(load.report.grants.length > before + 20, 'grants go on without Redis');
    checkReport(await load.stop());
    await checkAll();
  });

  it('killed and started again under load', async () => {
    const load = startLoad(system);
    await eventually(() => assert.ok(load.report.grants.length > 30), 15_000);
    const before = load.report.grants.length;
    await system.servers.restartRedis('kill', 1_500);
    await eventually(() => assert.ok(load.report.grants.length > before + 60), 15_000);
    checkReport(await load.stop());
    await checkAll();
  });
});
