// An owner that stands still longer than its lease and wakes: its commit is fenced, and it comes back as an owner.
import assert from 'node:assert/strict';
import { eventually } from '../support/eventually.ts';
import { blockNext, ownerInside, ownerOf, shared, tenuresOf, unblock } from '../support/faults.ts';
import { checkInvariants } from '../support/invariants.ts';
import { startLoad, summary } from '../support/load.ts';
import { showLogs, startSystem, type System } from '../support/system.ts';

describe('an owner that is frozen', () => {
  let system: System;

  before(async () => {
    system = await startSystem();
    await shared(system.db);
  });
  after(async () => {
    await system?.stop();
  });
  afterEach(async function () {
    showLogs(this, system);
    await unblock(system.db);
  });

  async function gone(tenure: string): Promise<void> {
    await eventually(async () => {
      assert.equal(await system.db.collection('owners').countDocuments({ _id: tenure as never }), 0, `${tenure} holds`);
    }, 15_000);
  }

  it('is fenced when it wakes with its commit still to be sent, and owns again', async () => {
    const load = startLoad(system);
    await eventually(() => assert.ok(load.report.grants.length > 40), 15_000);
    // The last write of its transaction stands still, so that all it has left to do when it wakes is to commit.
    await blockNext(system.db, { command: 'update', collection: 'work', ms: 3_000 });
    const { pid, tenure } = await ownerInside(system.db);
    const { child } = system.worker(pid);
    const before = await tenuresOf(system.db, pid);
    await system.fleet.kill(child, 'SIGSTOP');
    for (const each of before) {
      await gone(each);
    }
    const successors = load.report.grants.length;
    await eventually(() => assert.ok(load.report.grants.length > successors + 40, 'the successors do nothing'), 20_000);
    await system.fleet.kill(child, 'SIGCONT');
    await eventually(async () => {
      const now = await tenuresOf(system.db, pid);
      assert.equal(now.length, before.length, `the woken process has ${now.length} tenures`);
      assert.ok(!now.some((each) => before.includes(each)), `${tenure} was not fenced`);
    }, 15_000);
    await shared(system.db);
    const report = await load.stop();
    console.log(`      ${summary(report)}`);
    assert.deepEqual(report.unexpected, []);
    assert.equal(child.exitCode, null, 'the frozen process lives on');
    await checkInvariants(system.db, { acknowledged: report.grants });
  });

  it('is fenced between two commits, while others write the same people', async () => {
    const load = startLoad({ ...system, people: system.people.slice(0, 3), callers: 24 });
    for (let round = 0; round < 2; round += 1) {
      const begun = load.report.grants.length;
      await eventually(() => assert.ok(load.report.grants.length > begun + 60), 15_000);
      const { pid, tenure } = await ownerOf(system.db, `gamification.${round}`);
      const { child } = system.worker(pid);
      await system.fleet.kill(child, 'SIGSTOP');
      await gone(tenure);
      await system.fleet.kill(child, 'SIGCONT');
      await shared(system.db);
    }
    const report = await load.stop();
    console.log(`      ${summary(report)}`);
    assert.deepEqual(report.unexpected, []);
    await checkInvariants(system.db, { acknowledged: report.grants });
  });
});
