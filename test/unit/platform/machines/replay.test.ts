// Logs that are played again: whatever an instance went through, its log gives it back.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { assign, cancel, fromPromise, raise, setup } from 'xstate';
import { onboarding } from '#machines/onboarding.machine.ts';
import type { MachineDefinition } from '#src/platform/machines/definition.ts';
import { withoutTimer } from '#src/platform/machines/arming.ts';
import { advance, create, expire, halt, settleChild, type Advance } from '#src/platform/machines/instance.ts';
import type { NotAccepted } from '#src/platform/machines/kernel.ts';
import { Replay, ReplayFault } from '#src/platform/machines/replay.ts';
import { sealed, type MachineInstance, type Transition } from '#src/platform/machines/store.ts';
import { surroundings } from '#src/platform/machines/surroundings.ts';
import { define } from './charts.ts';

/** Regions, history, timers, and steps that depend on who takes them and when. */
const lights = define(
  setup({
    types: { context: {} as { by: string[]; at: number; name: string } },
    guards: { even: () => surroundings().now.getTime() % 2 === 0, ada: () => surroundings().actor === 'ada' },
    actions: {
      mark: assign(({ context }) => ({
        by: [...context.by, surroundings().actor].slice(-3),
        at: surroundings().now.getTime(),
      })),
      tell: () => undefined,
    },
  }).createMachine({
    id: 'lights',
    context: ({ input }) => ({ by: [], at: 0, name: (input as { name: string }).name }),
    type: 'parallel',
    states: {
      lamp: {
        initial: 'off',
        states: {
          off: { on: { A: { target: 'on', guard: 'ada' }, B: 'blinking' } },
          on: { entry: 'mark', after: { 5: 'off' }, on: { A: 'off', C: { actions: 'tell' } } },
          blinking: { entry: raise({ type: 'D' }, { id: 'later', delay: 3 }), on: { A: 'on', D: 'off' } },
        },
      },
      door: {
        initial: 'shut',
        states: {
          shut: { on: { B: { target: 'open', guard: 'even' }, C: { actions: cancel('later') } } },
          open: { tags: ['draughty'], after: { 7: 'shut' }, on: { A: { actions: 'mark' }, D: 'shut' } },
        },
      },
    },
  }),
  ['A', 'B', 'C', 'D'],
);

/** A child that may come well out or not. */
const parents = define(
  setup({ actors: { kid: fromPromise(async () => await Promise.resolve()) } }).createMachine({
    id: 'parents',
    initial: 'busy',
    states: {
      busy: { invoke: { src: 'kid', id: 'kid', onDone: 'rich', onError: 'poor' } },
      rich: { on: { AGAIN: 'busy' } },
      poor: {},
    },
  }),
  ['AGAIN'],
);

const act = fc.record({
  type: fc.constantFrom('A', 'B', 'C', 'D', 'XP_EARNED', 'LEVEL_REACHED', 'SNOOZE', 'timer'),
  actor: fc.constantFrom('ada', 'bo'),
  afterMs: fc.integer({ min: 0, max: 4 }),
});
interface Act {
  readonly type: string;
  readonly actor: string;
  readonly afterMs: number;
}

interface Life {
  readonly instance: MachineInstance;
  readonly rows: readonly Transition[];
}

/** What an instance comes to that goes through these acts; `timer` lets its first one go off, whenever that is. */
function lived(definition: MachineDefinition, acts: readonly Act[]): Life {
  let now = Date.parse('2026-01-01T00:00:00.000Z');
  const cause = (index: number, actor: string, eventId = `c.${index}`) => ({
    eventId,
    actor,
    requestId: `r${index}`,
    now: new Date(now),
  });
  const born = create(definition, { id: 'x', input: { name: 'Lin' }, inputHash: 'hash' }, cause(-1, 'system'));
  const rows = [born.transition];
  let { instance } = born;
  for (const [index, { type, actor, afterMs }] of acts.entries()) {
    now += afterMs;
    const [timer] = instance.timers;
    const outcome =
      type === 'timer' && timer
        ? expire(definition, instance, timer, cause(index, 'system', `t.${timer.id}`))
        : advance(definition, instance, { type }, cause(index, actor));
    if (outcome.accepted) {
      ({ instance } = outcome);
      rows.push(outcome.transition);
    } else if (type === 'timer' && timer) {
      instance = withoutTimer(instance, timer.id);
    }
  }
  return { instance, rows };
}

function replayed(definition: MachineDefinition, rows: readonly Transition[]): MachineInstance {
  const replay = new Replay({ key: 'x', inputHash: 'hash' });
  rows.forEach((row) => replay.take(definition, row));
  return replay.instance;
}

const standing = ({ timers: _timers, rev: _rev, ...rest }: MachineInstance): object => rest;

describe('a log that is played again', () => {
  for (const definition of [lights, onboarding]) {
    it(`gives the instance as it is: ${definition.type}`, () => {
      fc.assert(
        fc.property(fc.array(act, { maxLength: 25 }), (acts) => {
          const { instance, rows } = lived(definition, acts);
          const again = replayed(definition, rows);
          assert.deepEqual(standing(again), standing(instance));
          const armed = new Set(again.timers.map(({ id }) => id));
          assert.ok(instance.timers.every(({ id }) => armed.has(id)));
        }),
        { numRuns: 150 },
      );
    });
  }

  const { rows } = lived(
    lights,
    ['B', 'A', 'timer', 'B'].map((type) => ({ type, actor: 'ada', afterMs: 2 })),
  );
  const from = (seq: number, change: Partial<Transition>): (() => unknown) => {
    const altered = rows.map((row) => (row.seq === seq ? sealed({ ...row, ...change }) : row));
    return () => replayed(lights, altered);
  };
  const failsAt = (seq: number) => (error: unknown) => error instanceof ReplayFault && error.seq === seq;

  it('is refused from the step on that comes to something else', () => {
    assert.ok(rows.length >= 4);
    assert.throws(from(1, { context: { by: [], at: 1, name: 'Lin' } }), failsAt(1));
    assert.throws(from(2, { actor: 'bo' }), failsAt(2), 'somebody else did it');
    assert.throws(from(0, { event: { type: 'created', input: { name: 'Bo' } } }), failsAt(0));
    assert.throws(from(1, { event: { type: 'NOPE' } }), failsAt(1));
    assert.throws(from(0, { event: { type: 'forked' } }), failsAt(0));
    assert.throws(() => replayed(lights, rows.slice(1)), failsAt(1));
    assert.throws(() => replayed(onboarding, rows), failsAt(0));
  });

  it('knows the ends of children and of the machine itself', () => {
    const around = (eventId: string) => ({ eventId, actor: 'system', requestId: 'r', now: new Date(0) });
    const taken = (outcome: Advance | NotAccepted): Advance => (outcome.accepted ? outcome : assert.fail());
    const born = create(parents, { id: 'x', input: {}, inputHash: 'hash' }, around('c.0'));
    const child = { id: 'kid', generation: 1 };
    const ended = taken(settleChild(parents, born.instance, child, { output: { n: 1 } }, around('x.1')));
    const again = taken(advance(parents, ended.instance, { type: 'AGAIN' }, around('c.2')));
    const second = { id: 'kid', generation: 2 };
    const failed = taken(settleChild(parents, again.instance, second, { error: null }, around('x.3')));
    for (const undo of [true, false]) {
      const halted = taken(halt(parents, failed.instance, { type: '@cancel' }, undo, around('c.4')));
      const log = [born, ended, again, failed, halted].map(({ transition }) => transition);
      assert.deepEqual(
        log.map(({ to, status }) => [to, status]),
        [
          ['busy', 'active'],
          ['rich', 'active'],
          ['busy', 'active'],
          ['poor', 'active'],
          ['poor', 'stopped'],
        ],
      );
      assert.deepEqual(replayed(parents, log), halted.instance);
    }
  });

  it('says nothing before its first step', () => {
    assert.throws(() => new Replay({ key: 'x', inputHash: '' }).instance);
    assert.equal(replayed(lights, rows.slice(0, 1)).seq, 0);
  });
});
