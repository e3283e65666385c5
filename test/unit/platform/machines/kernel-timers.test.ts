// Timers as the kernel sees them: drafts to arm, names to cancel.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { cancel, raise, setup } from 'xstate';
import { fire, start, step } from '#src/platform/machines/kernel.ts';
import { define, taken } from './charts.ts';

const now = new Date('2026-01-01T00:00:00.000Z');
const around = { now, actor: 'user-1' };

describe('timers of the kernel', () => {
  const alarm = define(
    setup({ delays: { snooze: ({ event }) => (event as unknown as { ms: number }).ms } }).createMachine({
      id: 'alarm',
      initial: 'waiting',
      states: {
        waiting: {
          entry: raise({ type: 'RING', loud: true } as never, { id: 'bell', delay: 100 }),
          on: {
            LATER: { actions: [cancel('bell'), raise({ type: 'RING' }, { id: 'bell', delay: 'snooze' })] },
            TWICE: {
              actions: [
                raise({ type: 'RING' }, { delay: 1 }),
                raise({ type: 'RING' }, { delay: 2 }),
                raise({ type: 'RING' }, { id: 'bell', delay: 3 }),
                raise({ type: 'RING' }, { id: 'bell', delay: 4 }),
              ],
            },
            NEVER: { actions: [raise({ type: 'RING' }, { id: 'bell', delay: 5 }), cancel('bell')] },
            NOW: { actions: raise({ type: 'RING' }) },
            RING: 'ringing',
          },
        },
        ringing: {},
      },
    }),
  );
  const first = start(alarm, undefined, around);

  it('carry a delayed event under its id', () => {
    assert.deepEqual(first.timers, [
      {
        sendId: 'bell',
        trigger: { kind: 'raise', event: { type: 'RING', loud: true } },
        delayMs: 100,
        dueAt: new Date(now.getTime() + 100),
      },
    ]);
    assert.equal(taken(fire(alarm, first.snapshot, first.timers[0]!.trigger, around)).value, 'ringing');
  });

  it('are cancelled and armed again in one step, with a delay the chart computes', () => {
    const later = taken(step(alarm, first.snapshot, { type: 'LATER', ms: 700 }, around));
    assert.deepEqual(later.cancels, ['bell']);
    assert.deepEqual(
      later.timers.map(({ sendId, delayMs }) => [sendId, delayMs]),
      [['bell', 700]],
    );
  });

  it('replace one of their id within a step and never one without an id', () => {
    const twice = taken(step(alarm, first.snapshot, { type: 'TWICE' }, around));
    assert.deepEqual(
      twice.timers.map(({ sendId, delayMs }) => [sendId, delayMs]),
      [
        [null, 1],
        [null, 2],
        ['bell', 4],
      ],
    );
  });

  it('that the same step cancels are not armed', () => {
    assert.deepEqual(taken(step(alarm, first.snapshot, { type: 'NEVER' }, around)).timers, []);
  });

  it('are not made of raises without a delay', () => {
    const at = taken(step(alarm, first.snapshot, { type: 'NOW' }, around));
    assert.equal(at.value, 'ringing');
    assert.deepEqual(at.timers, []);
  });

  it('with a delay that is no time are refused', () => {
    for (const ms of [-1, Number.NaN, Number.POSITIVE_INFINITY, 4e12]) {
      assert.throws(() => step(alarm, first.snapshot, { type: 'LATER', ms }, around), /not a number of milliseconds/u);
    }
  });
});
