// The kit that tests of charts are written with: its clock, its timers, its children, and what it refuses.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { assign, raise, sendParent, sendTo, setup, type AnyStateMachine } from 'xstate';
import { z } from 'zod';
import { MachineFault } from '#src/platform/machines/fault.ts';
import { milliseconds } from '#src/platform/machines/kit/clock.ts';
import { start, type MachineRun } from '#src/platform/machines/kit/run.ts';
import { define } from './charts.ts';

const hour = 3_600_000;
const begin = new Date('2026-03-01T00:00:00.000Z');
const at = (ms: number): Date => new Date(begin.getTime() + ms);

const chart = setup({
  types: { context: {} as { seen: string[]; from: string } },
  actions: {
    note: (_, _params: { at: string }) => undefined,
    keep: assign({ seen: ({ context, event }) => [...context.seen, event.type] }),
  },
});

/** Waits for three timers, two of them at one moment. */
const oven = define(
  chart.createMachine({
    id: 'oven',
    context: ({ input }) => ({ seen: [], from: (input as { id: string }).id }),
    initial: 'cold',
    states: {
      cold: { on: { HEAT: 'hot' } },
      hot: {
        entry: [
          { type: 'note', params: { at: 'hot' } },
          raise({ type: 'PING' }, { id: 'ping', delay: 2 * hour }),
          raise({ type: 'PONG' }, { delay: 2 * hour }),
        ],
        after: { [3 * hour]: 'cold' },
        on: {
          PING: { actions: 'keep' },
          PONG: { actions: 'keep' },
          HEAT: { target: 'hot', reenter: true },
          CALM: { actions: chart.cancel('ping') },
          ROUND: { actions: raise({ type: 'ROUND' }, { delay: 0 }) },
          BREAK: { guard: () => assert.fail('broken guard') },
        },
      },
    },
  }),
  ['HEAT', 'CALM', 'ROUND', 'BREAK'],
);

const hot = (): MachineRun => {
  const run = start(oven, {}, { id: 'o1', now: begin });
  run.send({ type: 'HEAT' });
  return run;
};
const seen = (run: MachineRun): unknown => (run.context as { seen: unknown }).seen;

/** Answers its parent, and ends when told or after an hour. */
const clerk = {
  ...define(
    setup({ types: { context: {} as { word: string } } }).createMachine({
      id: 'clerk',
      context: ({ input }) => ({ word: (input as { word: string }).word }),
      initial: 'busy',
      states: {
        busy: {
          entry: sendParent(({ context }) => ({ type: 'HELLO', word: context.word })),
          on: { HURRY: 'over', FAINT: { actions: raise({ type: 'x' }, { delay: -1 }) } },
          after: { [hour]: 'over' },
        },
        over: { type: 'final' },
      },
      output: { well: true },
    }),
    ['HURRY', 'FAINT'],
  ),
  input: z.strictObject({ word: z.string() }),
};

const office = define(
  setup({
    types: { context: {} as { said: unknown[] } },
    actions: { keep: assign({ said: ({ context, event }) => [...context.said, { ...event }] }) },
  }).createMachine({
    id: 'office',
    context: { said: [] },
    initial: 'open',
    states: {
      open: {
        invoke: { src: 'clerk', id: 'clerk', input: { word: 'hi' }, onDone: 'closed', onError: 'burnt' },
        on: {
          HELLO: { actions: 'keep' },
          PUSH: { actions: sendTo('clerk', { type: 'HURRY' }) },
          AGAIN: { target: 'open', reenter: true },
          LEAVE: 'closed',
        },
      },
      closed: { entry: 'keep' },
      burnt: { entry: 'keep' },
    },
  } as never) as unknown as AnyStateMachine,
  ['HELLO', 'PUSH', 'AGAIN', 'LEAVE'],
);

describe('the kit for tests of machines', () => {
  it('begins with an id, a moment and input that fits', () => {
    const run = start(oven, {}, { id: 'o1', now: begin });
    assert.deepEqual([run.id, run.state, run.status, run.now], ['o1', 'cold', 'active', begin]);
    assert.deepEqual(run.context, { seen: [], from: 'o1' });
    assert.deepEqual(run.accepts, ['HEAT']);
    assert.throws(() => start(clerk, { word: 1 }), z.ZodError);
  });

  it('lets timers go off in the order they are due, at one moment in the order they were armed', () => {
    const run = hot();
    assert.deepEqual(run.timers, [
      { name: 'ping', dueAt: at(2 * hour) },
      { name: 'PONG', dueAt: at(2 * hour) },
      { name: `after.${3 * hour}.oven.hot`, dueAt: at(3 * hour) },
    ]);
    run.advance('119m');
    assert.deepEqual(seen(run), []);
    run.advance(60_000);
    assert.deepEqual([seen(run), run.state, run.now], [['PING', 'PONG'], 'hot', at(2 * hour)]);
    run.advance('1d');
    assert.deepEqual([run.state, run.timers, run.now], ['cold', [], at(26 * hour)]);
  });

  it('cancels and replaces timers as rows of them are', () => {
    const calm = hot();
    calm.send({ type: 'CALM' });
    calm.advance('2.5h');
    assert.deepEqual(seen(calm), ['PONG']);
    const again = hot();
    again.advance('1h');
    again.send({ type: 'HEAT' });
    again.advance('90m');
    // The one without an id is replaced by nothing.
    assert.deepEqual(seen(again), ['PONG']);
    assert.deepEqual(
      again.timers.map(({ name, dueAt }) => [name, dueAt]),
      [
        ['ping', at(3 * hour)],
        ['PONG', at(3 * hour)],
        [`after.${3 * hour}.oven.hot`, at(4 * hour)],
      ],
    );
  });

  it('steps from timer to timer, and lets one go off that others are late for', () => {
    const run = hot();
    run.expire(`after.${3 * hour}.oven.hot`);
    assert.deepEqual([run.state, seen(run), run.now], ['cold', [], at(3 * hour)]);
    const slow = hot();
    assert.ok(slow.next());
    assert.deepEqual([slow.now, seen(slow)], [at(2 * hour), ['PING', 'PONG']]);
    assert.ok(slow.next());
    assert.deepEqual([slow.now, slow.state, slow.next()], [at(3 * hour), 'cold', false]);
    assert.throws(() => slow.expire('ping'), /does not wait for ping/u);
  });

  it('keeps effects as data', () => {
    assert.deepEqual(hot().effects, [{ name: 'note', params: { at: 'hot' } }]);
  });

  it('refuses what the machine does not take, and names what it takes', () => {
    const run = start(oven);
    assert.equal(run.offer({ type: 'CALM' }), false);
    assert.throws(() => run.send({ type: 'CALM' }), /CALM is not taken in "cold", which takes HEAT/u);
    assert.throws(() => run.send({ type: 'NOPE' }), /NOPE is not among the events of oven/u);
    assert.throws(() => run.send({ type: 'PING' }), /not among the events/u, 'its own events come from timers only');
    const strict = { ...oven, events: { HEAT: { payload: z.strictObject({}), from: ['operator'] as const } } };
    assert.throws(() => start(strict).send({ type: 'HEAT', by: 'me' }), z.ZodError);
  });

  it('fails where the chart does, and where there is no end', () => {
    assert.throws(() => hot().send({ type: 'BREAK' }), MachineFault);
    assert.throws(() => hot().send({ type: 'ROUND' }), /goes round in circles/u);
  });

  it('runs children whose definitions it has', () => {
    const run = start(office, {}, { children: { clerk } });
    assert.deepEqual(run.context, { said: [{ type: 'HELLO', word: 'hi' }] });
    const child = run.child('clerk');
    assert.deepEqual([child.id, child.state], ['office.test.clerk.1', 'busy']);
    run.send({ type: 'PUSH' });
    assert.deepEqual([child.status, child.output, run.state], ['done', { well: true }, 'closed']);
    assert.deepEqual(run.children, []);
  });

  it('gives children the same clock, and none to those whose state was left', () => {
    const run = start(office, {}, { children: { clerk } });
    const first = run.child('clerk');
    run.advance('40m');
    run.send({ type: 'AGAIN' });
    assert.deepEqual([first.status, run.child('clerk').id], ['stopped', 'office.test.clerk.2']);
    run.advance('40m');
    assert.deepEqual([first.state, run.state], ['busy', 'open']);
    run.advance('20m');
    assert.equal(run.state, 'closed');
  });

  it('lets a test speak for children it has no definition of', () => {
    const done = start(office);
    assert.deepEqual(done.children, [{ id: 'clerk', generation: 1, src: 'clerk', input: { word: 'hi' }, heard: [] }]);
    done.send({ type: 'PUSH' });
    assert.deepEqual(done.children[0]?.heard, [{ type: 'HURRY' }]);
    done.complete('clerk', { well: 'enough' });
    assert.equal(done.state, 'closed');
    assert.throws(() => done.complete('clerk'), /no child clerk/u);
    const failed = start(office);
    failed.fail('clerk', 'gone');
    assert.equal(failed.state, 'burnt');
    assert.throws(() => start(office).child('clerk'), /not known/u);
  });

  it('takes a child that cannot start for one that has failed', () => {
    const lame = define(
      setup({ guards: { never: () => assert.fail('cannot') } }).createMachine({
        id: 'lame',
        initial: 'a',
        states: { a: { always: { guard: 'never', target: 'b' } }, b: {} },
      }),
    );
    assert.equal(start(office, {}, { children: { clerk: lame } }).state, 'burnt');
  });

  it('knows stretches of time', () => {
    assert.deepEqual(
      [0, 5, '5ms', '1.5s', '2m', '3h', '4d'].map(milliseconds),
      [0, 5, 5, 1_500, 120_000, 10_800_000, 345_600_000],
    );
    for (const odd of [-1, 0.5, '', '3', 'd', '3 d', '3w', '-3d', Number.NaN]) {
      assert.throws(() => milliseconds(odd), RangeError);
    }
  });
});
