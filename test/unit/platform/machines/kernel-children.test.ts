// Children as the kernel sees them: begun, spoken to, ended, and answers that come too late.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import {
  assign,
  emit,
  enqueueActions,
  log,
  raise,
  sendParent,
  sendTo,
  setup,
  spawnChild,
  stopChild,
  type AnyStateMachine,
} from 'xstate';
import { childrenOf } from '#src/platform/machines/children.ts';
import { MachineFault } from '#src/platform/machines/fault.ts';
import type { Json } from '#src/platform/machines/json.ts';
import { complete, fail, fire, start, step, type Step } from '#src/platform/machines/kernel.ts';
import { surroundings } from '#src/platform/machines/surroundings.ts';
import { define, taken } from './charts.ts';

const now = new Date('2026-01-01T00:00:00.000Z');
const around = { now, actor: 'user-1' };

const chart = setup({
  types: { context: {} as { answer: unknown } },
  actions: {
    note: () => undefined,
    keep: assign({ answer: ({ event }) => (event as unknown as { output: unknown }).output }),
    keepError: assign({ answer: ({ event }) => (event as unknown as { error: unknown }).error }),
  },
});

const order = define(
  chart.createMachine({
    id: 'order',
    context: { answer: null },
    initial: 'idle',
    states: {
      idle: { on: { GO: 'paying', FLASH: 'flash' } },
      paying: {
        invoke: {
          src: 'effect:charge',
          id: 'charge',
          input: ({ context }: { context: { answer: unknown } }) => ({ answer: context.answer, amount: 5 }),
          onDone: { target: 'paid', actions: 'keep' },
          onError: { target: 'idle', actions: 'keepError' },
        },
        exit: sendTo('charge', { type: 'BYE' }),
        on: {
          AGAIN: { target: 'paying', reenter: true },
          BACK: 'idle',
          NUDGE: { actions: sendTo('charge', { type: 'HURRY' }) },
          LATER: { actions: sendTo('charge', { type: 'HURRY' }, { id: 'hurry', delay: 700 }) },
        },
      },
      flash: { invoke: { src: 'lamp', id: 'lamp' }, entry: sendTo('lamp', { type: 'X' }), always: 'idle' },
      paid: { type: 'final' },
    },
    output: ({ context }: { context: { answer: unknown } }) => ({ receipt: context.answer }),
  } as never) as unknown as AnyStateMachine,
  ['GO', 'AGAIN', 'BACK', 'NUDGE', 'LATER', 'FLASH'],
);

const stored = (snapshot: Json): Json => JSON.parse(JSON.stringify(snapshot)) as Json;
const sent = (from: Step, type: string): Step => taken(step(order, stored(from.snapshot), { type }, around));
const idle = start(order, undefined, around);
const paying = sent(idle, 'GO');
const first = { id: 'charge', generation: 1 };
const second = { id: 'charge', generation: 2 };

describe('children of the kernel', () => {
  it('are begun by a state that invokes them, as data', () => {
    const input = { answer: null, amount: 5 };
    assert.deepEqual(paying.spawns, [{ ...first, src: 'effect:charge', input, invoked: true }]);
    assert.deepEqual(childrenOf(paying.snapshot), [{ ...first, src: 'effect:charge', invoked: true, ended: false }]);
    assert.ok(!JSON.stringify(paying).includes('xstate.'), 'nothing stored names XState');
    assert.ok(!JSON.stringify(idle.snapshot).includes('generations'), 'nothing is kept where there are none');
  });

  it('are told things, and ended with the state that waits for them', () => {
    assert.deepEqual(sent(paying, 'NUDGE').sends, [{ to: first, event: { type: 'HURRY' } }]);
    const back = sent(paying, 'BACK');
    assert.deepEqual(back.sends, [{ to: first, event: { type: 'BYE' } }]);
    assert.deepEqual(back.stops, [first]);
    assert.deepEqual(childrenOf(back.snapshot), []);
  });

  it('come to an end that moves the machine, whose own output follows', () => {
    const paid = taken(complete(order, stored(paying.snapshot), first, { id: 'r1' }, around));
    assert.equal(paid.status, 'done');
    assert.deepEqual(paid.output, { receipt: { id: 'r1' } });
    assert.deepEqual([paid.stops, paid.sends], [[], []], 'who has ended is neither told nor stopped');
  });

  it('fail into onError', () => {
    const failed = taken(fail(order, stored(paying.snapshot), first, { code: 'declined' }, around));
    assert.equal(failed.value, 'idle');
    assert.deepEqual(failed.context, { answer: { code: 'declined' } });
  });

  it('have another generation in another life, and what the former comes to is dropped', () => {
    const again = sent(paying, 'AGAIN');
    assert.deepEqual([again.stops, again.spawns.map(({ generation }) => generation)], [[first], [2]]);
    assert.equal(complete(order, again.snapshot, first, null, around).accepted, false);
    assert.equal(fail(order, again.snapshot, first, null, around).accepted, false);
    assert.equal(taken(complete(order, again.snapshot, second, 1, around)).status, 'done');
    const third = sent(sent(again, 'BACK'), 'GO');
    assert.equal(third.spawns[0]?.generation, 3, 'over a time without any');
    assert.equal(complete(order, sent(paying, 'BACK').snapshot, first, null, around).accepted, false);
    assert.equal(complete(order, paying.snapshot, { id: 'other', generation: 1 }, null, around).accepted, false);
  });

  it('never were, where one step begins and ends them', () => {
    const flash = sent(idle, 'FLASH');
    assert.deepEqual([flash.spawns, flash.stops, flash.sends], [[], [], []]);
    assert.equal(flash.value, 'idle');
  });

  it('are told things later by a timer, unless that life is over', () => {
    const later = sent(paying, 'LATER');
    const [timer] = later.timers;
    assert.deepEqual(timer?.trigger, { kind: 'send', to: first, event: { type: 'HURRY' } });
    assert.deepEqual([timer.sendId, timer.delayMs], ['hurry', 700]);
    const due = taken(fire(order, later.snapshot, timer.trigger, around));
    assert.deepEqual(due.sends, [{ to: first, event: { type: 'HURRY' } }]);
    assert.deepEqual(due.snapshot, later.snapshot);
    assert.equal(fire(order, sent(later, 'AGAIN').snapshot, timer.trigger, around).accepted, false);
  });

  it('fail their parent where it says nothing of it, with the other children stopped', () => {
    const pair = define(
      chart.createMachine({
        id: 'pair',
        context: { answer: null },
        invoke: [
          { src: 'a', id: 'a' },
          { src: 'b', id: 'b' },
        ],
      } as never) as unknown as AnyStateMachine,
    );
    const { snapshot } = start(pair, undefined, around);
    const failed = taken(fail(pair, snapshot, { id: 'a', generation: 1 }, { code: 'x' }, around));
    assert.equal(failed.status, 'error');
    assert.deepEqual(failed.error, { code: 'x' });
    assert.deepEqual(failed.stops, [{ id: 'b', generation: 1 }]);
    const done = taken(complete(pair, snapshot, { id: 'a', generation: 1 }, null, around));
    assert.equal(done.status, 'active', 'an end nobody waits for is no failure');
    assert.equal(complete(pair, done.snapshot, { id: 'a', generation: 1 }, null, around).accepted, false, 'once');
  });

  const free = define(
    chart.createMachine({
      id: 'free',
      context: { answer: null },
      on: {
        BEGIN: { actions: spawnChild('lamp', { id: 'l' } as never) },
        END: { actions: stopChild('l') },
        UP: { actions: [sendParent({ type: 'HI' }), sendParent({ type: 'LATE' }, { delay: 5 })] },
        SELF: { actions: sendTo(({ self }) => self, { type: 'END' } as never) },
        LOST: { actions: sendTo('l', { type: 'X' }) },
        FORGED: { actions: sendTo('l', { type: 'xstate.stop' }) },
        TELL: { actions: [emit({ type: 'free.told', who: 1 } as never), log('seen', 'label')] },
        MANY: { actions: enqueueActions(({ enqueue }) => (enqueue('note'), enqueue.raise({ type: 'BEGIN' }))) },
        NAMELESS: { actions: enqueueActions(({ enqueue }) => enqueue('unheard' as never)) },
        ENDLESS: { actions: enqueueActions(({ enqueue }) => enqueue.raise({ type: 'X' }, { delay: 'odd' as never })) },
        INLINE: { actions: enqueueActions(({ enqueue }) => enqueue(function hidden() {})) },
        SECRET: { actions: assign(({ spawn }) => (spawn('lamp' as never, { id: 's' } as never), {})) },
        WHO: { actions: assign({ answer: () => [surroundings().actor, surroundings().now.toISOString()] }) },
        ANY: { actions: raise({ type: 'END' }) },
      },
    } as never) as unknown as AnyStateMachine,
  );
  const alone = start(free, undefined, around).snapshot;
  const on = (type: string, snapshot = alone): Step => taken(step(free, stored(snapshot), { type }, around));

  it('may be spawned and stopped by actions', () => {
    const begun = on('BEGIN');
    assert.deepEqual(begun.spawns, [{ id: 'l', generation: 1, src: 'lamp', input: null, invoked: false }]);
    assert.deepEqual(on('END', begun.snapshot).stops, [{ id: 'l', generation: 1 }]);
    assert.deepEqual(on('END').stops, []);
    assert.deepEqual(on('MANY').effects, [{ name: 'note', params: {} }]);
    assert.equal(on('MANY').spawns.length, 1);
  });

  it('that take the name of one alive end it', () => {
    const twice = on('BEGIN', on('BEGIN').snapshot);
    assert.deepEqual([twice.stops[0]?.generation, twice.spawns[0]?.generation], [1, 2]);
  });

  it('speak to their parent, at once and later', () => {
    const up = on('UP');
    assert.deepEqual(up.sends, [{ to: 'parent', event: { type: 'HI' } }]);
    assert.deepEqual(up.timers[0]?.trigger, { kind: 'send', to: 'parent', event: { type: 'LATE' } });
    assert.deepEqual(taken(fire(free, up.snapshot, up.timers[0].trigger, around)).sends, [
      { to: 'parent', event: { type: 'LATE' } },
    ]);
  });

  it('and a machine that sends to itself gets it after what is under way', () => {
    const [timer] = on('SELF').timers;
    assert.deepEqual([timer?.trigger, timer?.delayMs], [{ kind: 'raise', event: { type: 'END' } }, 0]);
  });

  it('tell things by XState’s own emit and log, as effects', () => {
    assert.deepEqual(on('TELL').effects, [
      { name: 'emit', params: { type: 'free.told', data: { who: 1 } } },
      { name: 'log', params: { label: 'label', value: 'seen' } },
    ]);
  });

  it('are refused where the kernel could not carry it out', () => {
    for (const type of ['LOST', 'NAMELESS', 'ENDLESS', 'INLINE', 'SECRET']) {
      assert.throws(() => on(type), MachineFault, type);
    }
    assert.throws(() => on('FORGED', on('BEGIN').snapshot), /xstate\.stop cannot be sent/u);
  });

  it('see when and for whom a step is taken, and nothing outside one', () => {
    assert.deepEqual(on('WHO').context, { answer: ['user-1', now.toISOString()] });
    assert.throws(() => surroundings(), MachineFault);
  });
});
