// MongoDB is killed and comes back under load: requests wait or fail clearly, and nothing is written by halves.
import assert from 'node:assert/strict';
import { eventually } from '../support/eventually.ts';
import { checkInvariants } from '../support/invariants.ts';
import { startLoad, summary, type Grant } from '../support/load.ts';
import { showLogs, startSystem, type System } from '../support/system.ts';

describe('MongoDB that goes away under load', () => {
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

  const faults: readonly (readonly [name: string, fault: () => Promise<void>])[] = [
    ['is killed and started again at once', async () => await system.servers.restartMongod('kill')],
    ['is stopped in order and stays away for 3 s', async () => await system.servers.restartMongod('clean', 3_000)],
    ['stands still for longer than a lease', async () => await system.servers.freezeMongod(5_500)],
  ];
  for (const [name, fault] of faults) {
    it(`${name}: answers are 2xx or 503, and every acknowledged grant is there once`, async () => {
      const load = startLoad(system);
      await eventually(() => assert.ok(load.report.grants.length > 60), 15_000);
      await fault();
      const back = load.report.grants.length;
      await eventually(() => assert.ok(load.report.grants.length > back + 60, 'nothing is granted any more'), 40_000);
      const report = await load.stop();
      console.log(`      ${summary(report)}`);
      assert.deepEqual(report.unexpected, []);
      assert.deepEqual(
        [...report.statuses.keys()].filter((status) => ![201, 202, 503].includes(status)),
        [],
      );
      acknowledged.push(...report.grants);
      await checkInvariants(system.db, { acknowledged });
      for (const { child, name: process } of [...system.fleet.apis, ...system.fleet.workers]) {
        assert.equal(child.exitCode ?? child.signalCode, null, `${process} ended`);
      }
    });
  }
});
