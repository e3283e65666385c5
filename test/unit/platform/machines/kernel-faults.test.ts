// What would hang a process or lose something in silence is an error of the kernel.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { createMachine, raise, type AnyStateMachine } from 'xstate';
import { MachineFault } from '#src/platform/machines/fault.ts';
import { start, step } from '#src/platform/machines/kernel.ts';
import { define } from './charts.ts';

const now = new Date('2026-01-01T00:00:00.000Z');
const around = { now, actor: 'user-1' };

describe('what would hang or be lost', () => {
  const cycle = { id: 'cycle', states: { a: { always: 'b' }, b: { always: 'a' }, rest: { on: { GO: 'a' } } } };

  it('is an error: a cycle of always transitions at the start', () => {
    assert.throws(() => start(define(createMachine({ ...cycle, initial: 'a' })), undefined, around), /Infinite loop/u);
  });

  it('is an error: a cycle of always transitions behind an event', () => {
    const definition = define(createMachine({ ...cycle, initial: 'rest' }));
    const first = start(definition, undefined, around);
    assert.throws(() => step(definition, first.snapshot, { type: 'GO' }, around), MachineFault);
  });

  it('is an error: events that raise one another for ever', () => {
    const echo = createMachine({ id: 'echo', on: { PING: { actions: raise({ type: 'PING' }) } } });
    const first = start(define(echo), undefined, around);
    assert.throws(() => step(define(echo), first.snapshot, { type: 'PING' }, around), /Infinite loop/u);
  });

  it('keeps a bound of the chart that is lower, and leaves the chart itself alone', () => {
    const machine = createMachine({
      id: 'low',
      on: { GO: { actions: [raise({ type: 'X' }), raise({ type: 'X' })] } },
    });
    const low = createMachine({ ...machine.config, options: { maxIterations: 2 } } as never) as AnyStateMachine;
    const first = start(define(low), undefined, around);
    assert.throws(() => step(define(low), first.snapshot, { type: 'GO' }, around), /more than 2 microsteps/u);
    start(define(machine), undefined, around);
    assert.equal(machine.options.maxIterations, Number.POSITIVE_INFINITY);
  });

  it('is an error: a guard that throws, and nothing is taken', () => {
    const definition = define(
      createMachine({
        id: 'picky',
        on: {
          GO: {
            guard: () => {
              throw new Error('bad guard');
            },
          },
        },
      }),
    );
    const first = start(definition, undefined, around);
    assert.throws(() => step(definition, first.snapshot, { type: 'GO' }, around), /picky failed on GO: .*bad guard/su);
  });

  it('is an error: a context that JSON would change', () => {
    for (const value of [new Date(), new Map(), 1n, Number.NaN, () => 1, { xstate$$type: 1 }]) {
      const machine: unknown = createMachine({ id: 'odd', context: { value } as never });
      assert.throws(() => start(define(machine as AnyStateMachine), undefined, around), MachineFault);
    }
  });
});
