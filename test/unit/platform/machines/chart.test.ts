// What a chart may hold: everything the kernel could not carry out is named before the first step.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { assign, createMachine, raise, sendTo, setup, spawnChild, type AnyStateMachine } from 'xstate';
import { chartOf } from '#src/platform/machines/chart.ts';
import type { MachineDefinition } from '#src/platform/machines/definition.ts';
import { define as defineChart } from './charts.ts';

function define(machine: unknown): MachineDefinition {
  return { ...defineChart(machine as AnyStateMachine), type: 'odd' };
}

const child = createMachine({ id: 'child' });
const named = setup({
  actions: {
    tell: () => undefined,
    count: assign({}),
    call: spawnChild(child, { id: 'c' } as never),
    spawn: spawnChild('child' as never) as never,
  },
  delays: { soon: 1 },
});

describe('a chart', () => {
  const refused: readonly [string, unknown, RegExp][] = [
    ['an action nobody declares', createMachine({ entry: 'tell' }), /names the action tell/u],
    [
      'an action nobody declares, in a transition',
      createMachine({ on: { GO: { actions: { type: 'x' } } } }),
      /action x/u,
    ],
    ['an inline action', createMachine({ exit: () => undefined }), /inline action/u],
    ['an invoked machine that is code', createMachine({ invoke: { src: child } }), /inline child/u],
    ['a spawned machine that is code', createMachine({ entry: spawnChild(child, { id: 'c' }) }), /inline child/u],
    ['a spawned machine behind a name', named.createMachine({ entry: 'call' }), /inline child/u],
    ['a spawned child without an id', named.createMachine({ entry: 'spawn' }), /without an id/u],
    ['a child the whole system knows', createMachine({ invoke: { src: 'c', systemId: 'one' } } as never), /systemId/u],
    ['a child that is watched', createMachine({ invoke: { src: 'c', onSnapshot: {} } } as never), /onSnapshot/u],
    [
      'an unknown delay of sendTo',
      createMachine({ entry: sendTo('x', { type: 'Y' }, { delay: 'later' } as never) }),
      /delay later/u,
    ],
    ['an unknown delay of after', createMachine({ after: { later: { actions: [] } } } as never), /delay later/u],
    [
      'an unknown delay of raise',
      createMachine({ entry: raise({ type: 'X' }, { delay: 'later' } as never) }),
      /delay later/u,
    ],
    [
      'anything of it deep inside',
      createMachine({ initial: 'a', states: { a: { initial: 'b', states: { b: { always: { actions: 'tell' } } } } } }),
      /a\.b names the action tell/u,
    ],
    [
      'an action of an initial transition',
      createMachine({ initial: { target: 'a', actions: 'tell' }, states: { a: {} } } as never),
      /names the action tell/u,
    ],
  ];

  for (const [what, machine, message] of refused) {
    it(`is refused with ${what}`, () => {
      assert.throws(() => chartOf(define(machine)), message);
    });
  }

  it('names everything that is wrong at once', () => {
    assert.throws(() => chartOf(define(createMachine({ entry: ['one', 'two'] }))), /action one.*action two/su);
  });

  it('may use declared actions, named assigns and named delays', () => {
    const fine = named.createMachine({
      entry: ['tell', 'count', { type: 'tell' }, named.raise({ type: 'X' }, { delay: 'soon' })],
      after: { soon: { actions: 'tell' }, 5: {} },
    });
    assert.deepEqual(
      [...chartOf(define(fine)).afters.values()].map(({ delay }) => delay),
      ['5', 'soon'],
    );
  });

  it('is prepared once', () => {
    const definition = define(createMachine({ id: 'one' }));
    assert.equal(chartOf(definition), chartOf({ ...definition }));
  });
});
