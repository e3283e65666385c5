// Effects of the tests' own whose owner dies, stops or is fenced while they are under way: who does them then, and how often.
import assert from 'node:assert/strict';
import type { Owner } from '#src/platform/commands/owner.ts';
import { diedWith } from '#src/platform/commands/tenure.ts';
import { Owners } from '#src/platform/commands/work.ts';
import { newId } from '#src/platform/ids.ts';
import { effectsWorker } from '#workers/effects.worker.ts';
import { ask, effectRow, reach, rowsNow } from '../../support/effects.ts';
import { eventually } from '../../support/eventually.ts';
import { startServer, type TestServer } from '../../support/http.ts';
import { busy, forgetPerformed, laneProber, open, performed, type Probe } from '../../support/lane-effects.ts';

describe('effects of an owner that goes', function () {
  this.timeout(60_000);
  let server: TestServer;
  let owner: Owner;

  before(async () => {
    server = await startServer([laneProber]);
    owner = effectsWorker(server.registry);
    owner.start();
  });
  after(async () => {
    await owner.stop();
    await server.close();
  });
  beforeEach(forgetPerformed);

  const row = (probeOf: Partial<Probe> = {}) =>
    effectRow(server.registry, 'probe.free', { lane: newId(), note: 'one', fails: 0, ...probeOf });

  it('whose process died go one at a time, and are dead after their last attempt without another', async () => {
    const died = Array.from({ length: 4 }, (_, index) => ({
      ...row({ lane: 'suspects', note: String(index), how: 'open' }),
      attempts: 1,
      error: diedWith,
    }));
    const last = { ...row(), attempts: 3, error: diedWith };
    const fresh = Array.from({ length: 5 }, () => row());
    await ask([...died, last, ...fresh]);
    await reach(
      fresh,
      fresh.map(() => 'done'),
    );
    for (let turn = 0; turn < died.length; turn += 1) {
      await eventually(() => assert.equal(open.length, turn + 1));
      assert.equal(busy.get('suspects'), 1);
      open[turn]?.();
    }
    await reach(
      died,
      died.map(() => 'done'),
    );
    await reach([last], ['dead']);
    assert.equal(
      performed.some(({ id }) => id === last._id),
      false,
    );
  });

  it('under way when their owner stops get a moment, and are then handed over uncounted under the same id', async () => {
    const [short, long] = [row({ note: 'short', how: 'open' }), row({ note: 'long', how: 'open' })];
    await ask([short, long]);
    await eventually(() => assert.equal(open.length, 2));
    const at = performed.findIndex(({ note }) => note === 'short');
    const stopped = owner.stop();
    open[at]?.();
    await stopped;
    const [done, undone] = await rowsNow([short, long]);
    assert.deepEqual([done?.state, undone?.state, undone?.attempts], ['done', 'new', 0]);
    assert.equal(busy.get((long.input as Probe).lane), 0, 'it was aborted');
    owner = effectsWorker(server.registry);
    owner.start();
    await eventually(() => assert.equal(open.length, 3));
    open[2]?.();
    await reach([long], ['done']);
    const tries = performed.filter(({ id }) => id === long._id).map(({ attempt }) => attempt);
    assert.deepEqual(tries, [1, 1]);
  });

  it('of a fenced owner are aborted, and what it thinks came of them does not count', async () => {
    const asked = row({ how: 'open', note: 'fenced' });
    await ask([asked]);
    await eventually(() => assert.equal(open.length, 1));
    await Owners.native().deleteMany({ pool: 'effects' });
    await eventually(() => assert.equal(open.length, 2), 15_000);
    assert.equal(busy.get((asked.input as Probe).lane), 1, 'the first was aborted');
    open[0]?.();
    open[1]?.();
    await reach([asked], ['done']);
  });
});
