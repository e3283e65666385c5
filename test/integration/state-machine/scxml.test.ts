// SCXML cases of SCION as machines that are data, over HTTP on real MongoDB and Redis: registered, created, sent their
// events, and asked for their state after each.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { newId } from '#src/platform/ids.ts';
import type { StateValue } from '#src/platform/machines/step.ts';
import { asData } from '../../scxml/as-data.ts';
import { scionCases } from '../../scxml/cases.ts';
import { innermost } from '../../scxml/innermost.ts';
import { Definer } from '../../support/definer.ts';
import { eventually } from '../../support/eventually.ts';

/** Of each group that can be said as data without losing what it is about. */
const chosen = new Set([
  'actionSend/send2',
  'actionSend/send4b',
  'actionSend/send9',
  'assign-current-small-step/test3',
  'basic/basic2',
  'cond-js/test1',
  'default-initial-state/initial2',
  'hierarchy/hier2',
  'history/history4',
  'history/history5',
  'internal-transitions/test0',
  'more-parallel/test10b',
  'multiple-events-per-transition/test1',
  'parallel/test1',
  'parallel+interrupt/test21b',
  'parallel+interrupt/test31',
  'targetless-transition/test0',
]);

describe('SCXML over HTTP', function () {
  this.timeout(20_000);
  let definer: Definer;

  before(async () => {
    definer = await Definer.start();
  });
  after(async () => {
    await definer.stop();
  });

  async function standsIn(type: string, id: string, states: readonly string[]): Promise<void> {
    // What a delay of zero sends comes as soon as its timer is found.
    await eventually(async () => {
      const { value } = (await definer.state(type, id)) as { value: StateValue };
      assert.deepEqual(innermost(value).toSorted(), states.toSorted());
    });
  }

  for (const { name, scxml, initial, steps } of scionCases.filter((one) => chosen.has(one.name))) {
    it(name, async () => {
      const type = name.replaceAll(/[^a-z0-9]+/giu, '-').toLowerCase();
      const id = newId();
      await definer.registered(type, asData(scxml));
      await definer.create(type, id, {});
      await standsIn(type, id, initial);
      for (const { event, states } of steps) {
        const { status, text } = await definer.send(type, id, { type: event });
        // A case may send what nothing waits for.
        assert.ok(status === 200 || status === 409, text);
        await standsIn(type, id, states);
      }
    });
  }

  it('is tried by every case that was chosen', () => {
    const names = scionCases.map(({ name }) => name);
    assert.deepEqual(
      [...chosen].filter((name) => !names.includes(name)),
      [],
    );
  });
});
