// MongoDB is killed again and again under load. A driver may lose a command for ever when its connection breaks at the
// wrong moment: no process may stop answering or owning because of it.
import assert from 'node:assert/strict';
import { eventually } from '../../support/eventually.ts';
import { shared } from '../../support/faults.ts';
import { checkInvariants } from '../../support/invariants.ts';
import { startLoad, summary } from '../../support/load.ts';
import { showLogs, startSystem, type System } from '../../support/system.ts';

const kills = 20;

describe('MongoDB that is killed again and again', () => {
  let system: System;

  before(async () => {
    system = await startSystem();
  });
  after(async () => {
    await system?.stop();
  });
  afterEach(function () {
    showLogs(this, system);
  });

  it('leaves every API answering and every pool owned', async () => {
    const load = startLoad(system);
    for (let round = 0; round < kills; round += 1) {
      const then = load.report.grants.length;
      await eventually(() => assert.ok(load.report.grants.length > then + 30, 'nothing goes on'), 30_000);
      await system.servers.restartMongod('kill', Math.floor(Math.random() * 1_000));
    }
    const report = await load.stop();
    console.log(`      ${summary(report)}`);
    assert.deepEqual(report.unexpected, []);
    await checkInvariants(system.db, { acknowledged: report.grants, settleMs: 30_000 });
    // An owner whose turn is lost begins anew after a minute; until then the others own its shards.
    await shared(system.db);
    await eventually(async () => {
      const nodes = await system.db.collection('owners').distinct('node');
      assert.equal(nodes.length, system.fleet.workers.length, 'processes that own');
    }, 90_000);
  }).timeout(300_000);
});
