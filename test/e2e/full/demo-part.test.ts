// A part of the demo while a worker is killed: its own figures come out, and a second run changes nothing. The whole of
// it, with one process after the other killed, is demo.test.ts.
import assert from 'node:assert/strict';
import { demo } from '../../support/demo.ts';
import { eventually } from '../../support/eventually.ts';
import { showLogs, startSystem, type System } from '../../support/system.ts';

const contributions = 2_000;

describe('a part of the demo', function () {
  this.timeout(120_000);
  let system: System;
  before(async () => {
    system = await startSystem({ people: 0, apis: 2, workers: 2 });
  });
  after(async () => {
    await system?.stop();
  });
  afterEach(function () {
    showLogs(this, system);
  });

  const granted = async (): Promise<number> => await system.db.collection('xp_ledger').countDocuments();

  it('comes to its figures though a worker is killed, and changes nothing the second time', async () => {
    const options = ['--limit', String(contributions)];
    const play = demo(system.fleet.apis, ...options, '--shuffle', '20260301');
    await eventually(async () => assert.ok((await granted()) >= contributions / 4), 60_000);
    await system.fleet.restartWorker(0);
    assert.ok((await granted()) < contributions, 'the worker was killed when all was done');
    const first = await play;
    assert.equal(first.code, 0, first.text);
    assert.match(first.text, /^Every figure is as expected$/mu);
    const second = await demo(system.fleet.apis, ...options);
    assert.equal(second.code, 0, second.text);
    assert.match(second.text, /^0 grants were new, /mu);
    assert.equal(await granted(), contributions);
  });
});
