// Ways through charts: what XState's graph tools find on the living machine is where the kernel must stand, too.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { assign, raise, sendTo, setup, type AnyStateMachine } from 'xstate';
import { z } from 'zod';
import {
  everyStep,
  shortestPaths,
  simplePaths,
  type PathOptions,
  type Ways,
} from '#src/platform/machines/kit/paths.ts';
import { surroundings } from '#src/platform/machines/surroundings.ts';
import { holdsTo } from '../../../support/ways.ts';
import { define } from './charts.ts';

const names = ({ paths }: Ways): string[] => paths.map(({ name }) => name);

const lamp = define(
  setup({ delays: { soon: 1_000 } }).createMachine({
    id: 'lamp',
    initial: 'off',
    states: {
      off: { on: { ON: 'on', BREAK: 'broken' } },
      on: {
        entry: raise({ type: 'BLINK' }, { id: 'blink', delay: 500 }),
        after: { soon: 'off' },
        on: { BLINK: {}, BREAK: 'broken' },
      },
      broken: { type: 'final' },
    },
  } as never) as unknown as AnyStateMachine,
  ['ON', 'BREAK'],
);

describe('ways through a chart', () => {
  it('lead by the shortest to each state there is, timers counted', () => {
    const ways = shortestPaths(lamp);
    assert.deepEqual(ways.initial, { state: 'off', status: 'active', context: {}, timers: [] });
    assert.deepEqual(names(ways), ['BREAK', 'ON → blink', 'ON → after.soon.lamp.on']);
    assert.deepEqual(ways.paths[1]?.steps[1], {
      cause: { kind: 'timer', name: 'blink' },
      state: 'on',
      status: 'active',
      context: {},
      timers: ['after.soon.lamp.on'],
    });
    holdsTo(lamp, ways);
  });

  it('take every step once, where that is asked for, those that change nothing too', () => {
    const ways = everyStep(lamp);
    assert.deepEqual(names(ways).toSorted(), [
      'BREAK',
      'ON → BREAK',
      'ON → after.soon.lamp.on → BREAK',
      'ON → after.soon.lamp.on → ON',
      'ON → after.soon.lamp.on → blink',
      'ON → blink → BREAK',
      'ON → blink → after.soon.lamp.on',
    ]);
    holdsTo(lamp, ways);
  });

  it('come to no state twice, where all ways are asked for', () => {
    const ways = simplePaths(lamp);
    assert.deepEqual(names(ways).toSorted(), [
      'BREAK',
      'ON → BREAK',
      'ON → after.soon.lamp.on → BREAK',
      'ON → blink → BREAK',
    ]);
    holdsTo(lamp, ways);
  });

  it('say which states they miss, and a kernel that stands elsewhere is told', () => {
    const ways = shortestPaths(lamp, { payloads: { BREAK: [] } });
    assert.deepEqual(ways.missed, ['lamp.broken']);
    assert.throws(() => holdsTo(lamp, ways), /every state is reachable/u);
    const [first, ...rest] = shortestPaths(lamp).paths;
    const wrong = { ...first!, steps: first!.steps.map((step) => ({ ...step, state: 'on' })) };
    assert.throws(() => holdsTo(lamp, { ...shortestPaths(lamp), paths: [wrong, ...rest] }), assert.AssertionError);
  });

  const count = define(
    setup({
      types: { context: {} as { sum: number }, events: {} as { type: 'ADD'; amount: number } },
      guards: { early: () => surroundings().now.getTime() < Date.parse('2027-01-01T00:00:00.000Z') },
    }).createMachine({
      id: 'count',
      context: { sum: 0 },
      initial: 'low',
      states: { low: { always: { guard: ({ context }) => context.sum > 3, target: 'high' } }, high: {} },
      on: { ADD: { guard: 'early', actions: assign({ sum: ({ context, event }) => context.sum + event.amount }) } },
    }),
  );
  const counter = {
    ...count,
    events: { ADD: { payload: z.strictObject({ amount: z.int() }), from: ['owner'] as const } },
  };

  it('try the payloads they are given, and see of a context what matters', () => {
    const options: PathOptions = {
      payloads: { ADD: [{ amount: 1 }, { amount: 3 }] },
      sight: (context) => Math.min(5, (context as { sum: number }).sum),
    };
    const ways = shortestPaths(counter, options);
    assert.deepEqual(names(ways), [
      'ADD {"amount":1} → ADD {"amount":1}',
      'ADD {"amount":1} → ADD {"amount":3}',
      'ADD {"amount":3} → ADD {"amount":3}',
    ]);
    holdsTo(counter, ways, options);
  });

  it('end where there are too many, and where a payload or the input does not fit', () => {
    const endless = { payloads: { ADD: [{ amount: 1 }] }, limit: 50 };
    assert.throws(() => shortestPaths(counter, endless), /limit/u);
    assert.throws(() => shortestPaths(counter), /Name payloads of ADD of count/u);
    assert.throws(() => shortestPaths({ ...lamp, input: z.strictObject({}) }, { input: { a: 1 } }), z.ZodError);
  });

  it('go through what children come to', () => {
    const order = define(
      setup({ types: { context: {} as { got: unknown } } }).createMachine({
        id: 'order',
        context: { got: null },
        initial: 'paying',
        states: {
          paying: {
            entry: sendTo('pay', { type: 'HURRY' }),
            invoke: {
              src: 'effect:pay',
              id: 'pay',
              onDone: { target: 'paid', actions: assign({ got: ({ event }) => event['output'] }) },
              onError: { target: 'failed', actions: assign({ got: ({ event }) => event['error'] }) },
            },
            on: { AGAIN: { target: 'paying', reenter: true } },
          },
          paid: { type: 'final' },
          failed: { on: { AGAIN: 'paying' } },
        },
      } as never) as unknown as AnyStateMachine,
      ['AGAIN'],
    );
    const options = { children: { pay: { outputs: [{ receipt: 1 }], errors: ['broke'] } } };
    const ways = everyStep(order, options);
    assert.deepEqual(names(ways).toSorted(), [
      'AGAIN',
      'pay came to {"receipt":1}',
      'pay failed with "broke" → AGAIN → AGAIN',
      'pay failed with "broke" → AGAIN → pay came to {"receipt":1}',
      'pay failed with "broke" → AGAIN → pay failed with "broke"',
    ]);
    holdsTo(order, ways, options);
  });
});
