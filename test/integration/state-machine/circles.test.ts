// Machines that go on in a circle by themselves end; those that wait for people or clocks in between go on.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { workRow } from '#src/platform/commands/plan.ts';
import { DeadLetters, Work, type WorkRow } from '#src/platform/commands/work.ts';
import { newId } from '#src/platform/ids.ts';
import { fullCredit } from '#src/platform/machines/credit.ts';
import { Timers } from '#src/platform/machines/store.ts';
import { Definer } from '../../support/definer.ts';
import { ask, reach } from '../../support/effects.ts';
import { eventually } from '../../support/eventually.ts';
import { assertPartly } from '../../support/partly.ts';

const circle = /goes on in a circle/u;
const operator = { from: ['operator'] };
const signal = (type: string, id: string, event: string) => ({
  type: 'signal',
  params: { type, id, event: { type: event } },
});

/** Answers whatever it is told, once a second or at once. */
const pair = (other: string) => ({
  events: { GREET: operator, PING: operator, LATER: operator, SOON: operator },
  initial: 'open',
  states: {
    open: {
      on: {
        PING: { actions: signal(other, 'one', 'PING') },
        GREET: { actions: signal(other, 'one', 'GREETED') },
        LATER: 'later',
        SOON: 'soon',
      },
    },
    later: { after: { PT1S: { target: 'later', reenter: true } } },
    soon: { after: { 1: { target: 'soon', reenter: true } } },
  },
});

describe('machines that go on in a circle', function () {
  this.timeout(30_000);
  let definer: Definer;

  before(async () => {
    definer = await Definer.start();
    await definer.registered('left', pair('right'));
    const right = pair('left');
    await definer.registered('right', { ...right, events: { ...right.events, GREETED: operator } });
    await definer.registered('quick', { initial: 'over', states: { over: { type: 'final' } } });
    await definer.registered('caller', {
      events: { GO: operator },
      initial: 'idle',
      states: {
        idle: { on: { GO: 'calling' } },
        calling: { invoke: { src: 'quick', id: 'it', onDone: { target: 'calling', reenter: true }, onError: 'idle' } },
      },
    });
    for (const type of ['left', 'right', 'caller']) {
      await definer.create(type, 'one', {});
    }
  });
  after(async () => await definer.stop());

  /** Sends an event as something that machines caused, with what is left of their credit. */
  const sent = async (type: string, event: string, credit: number): Promise<WorkRow> => {
    const draft = {
      kind: 'state-machine.event.send',
      input: { type, id: 'one', event: { type: event } },
      cause: newId(),
    };
    const row = workRow(definer.server.registry, draft, { requestId: newId(), credit }, new Date());
    await ask([row]);
    await reach([row], ['done']);
    return row;
  };

  it('by signals are stopped where their credit ends, and take what comes from outside again', async () => {
    const { requestId } = await sent('left', 'PING', 6);
    await eventually(async () => {
      const rows = await Work.native().find({ requestId }).sort({ _id: 1 }).toArray();
      assert.deepEqual(
        rows.map(({ state, credit }) => [state, credit]),
        [...[6, 5, 4, 3, 2, 1].map((credit) => ['done', credit]), ['refused', 0]],
      );
      assert.match(rows.at(-1)?.problem?.detail ?? '', circle);
    });
    for (let day = 0; day < 3; day += 1) {
      assert.equal((await definer.send('left', 'one', { type: 'GREET' })).status, 200);
    }
    await eventually(async () => {
      const greeted = await Work.native()
        .find({ kind: 'state-machine.event.send', 'input.event.type': 'GREETED' })
        .toArray();
      // Each of them is a beginning.
      assert.deepEqual(
        greeted.map(({ credit }) => credit),
        Array.from({ length: 3 }, () => fullCredit - 1),
      );
    });
  });

  it('by children that end at once fail their parent, or leave a dead letter that says so', async () => {
    const refused = await sent('caller', 'GO', 5);
    await eventually(async () => {
      const row = await Work.native().findOne({
        kind: 'state-machine.instance.create',
        requestId: refused.requestId,
        state: 'refused',
      });
      assert.match(row?.problem?.detail ?? '', circle);
      assertPartly(await definer.state('caller', 'one'), { value: 'idle' });
    }, 15_000);
    const { requestId } = await sent('caller', 'GO', 4);
    await eventually(async () => {
      const dead = await DeadLetters.native().findOne({ kind: 'state-machine.child.end', requestId });
      assert.match(JSON.stringify(dead), circle);
      assertPartly(await definer.state('caller', 'one'), { value: 'calling' });
    }, 15_000);
  });

  it('by timers without length are stopped, those of a second begin anew', async () => {
    await sent('left', 'SOON', 4);
    await eventually(async () => {
      assertPartly(await definer.state('left', 'one'), { value: 'soon', timers: [] });
      const failed = await Timers.native().findOne({ instance: 'left.one', error: { $exists: true } });
      assert.match(failed?.error ?? '', circle);
    }, 15_000);
    await sent('right', 'LATER', 1);
    await eventually(async () => {
      const [, , third] = await Timers.native().find({ instance: 'right.one' }).sort({ dueAt: 1 }).toArray();
      assert.equal(third?.credit, undefined);
      assert.ok(third);
    }, 15_000);
  });
});
