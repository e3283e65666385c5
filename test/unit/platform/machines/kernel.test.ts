// The kernel: steps as data, and the traps of XState's persistence that it must not fall into.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { assign, createMachine, initialTransition, setup, transition } from 'xstate';
import { MachineFault } from '#src/platform/machines/fault.ts';
import type { Json } from '#src/platform/machines/json.ts';
import { accepts, fire, isReserved, start, step } from '#src/platform/machines/kernel.ts';
import { define, taken } from './charts.ts';

const now = new Date('2026-01-01T00:00:00.000Z');
const around = { now, actor: 'user-1' };

const note = { note: (): void => assert.fail('An effect is data and never called') };

/** What MongoDB or a queue does to a snapshot. */
function stored(snapshot: Json): Json {
  return JSON.parse(JSON.stringify(snapshot)) as Json;
}

const door = define(
  setup({ types: { context: {} as { knocks: number } }, actions: note, delays: { soon: 5_000 } }).createMachine({
    id: 'door',
    context: { knocks: 0 },
    initial: 'closed',
    states: {
      closed: {
        tags: ['quiet'],
        entry: { type: 'note', params: { at: 'closed' } },
        after: { 1_000: { actions: { type: 'note', params: { at: 'idle' } } }, soon: 'locked' },
        on: {
          OPEN: 'open',
          KNOCK: { actions: { type: 'note', params: { at: 'knock' } } },
          COUNT: { actions: assign({ knocks: ({ context }) => context.knocks + 1 }) },
          IGNORE: {},
          AGAIN: { target: 'closed', reenter: true },
          GUARDED: { guard: () => false, target: 'open' },
        },
      },
      open: { on: { CLOSE: 'closed', 'window.*': { actions: 'note' } } },
      locked: { on: { '*': { actions: 'note' } } },
      gone: { type: 'final' },
    },
    on: { BURN: '.gone' },
  }),
  ['OPEN', 'CLOSE', 'KNOCK', 'COUNT', 'IGNORE', 'AGAIN', 'GUARDED', 'window.open', 'windowless', 'BURN'],
);

describe('the kernel', () => {
  describe('start', () => {
    it('gives the first state with its entry effects and its timers under our own names', () => {
      const first = start(door, undefined, around);
      assert.equal(first.value, 'closed');
      assert.equal(first.status, 'active');
      assert.deepEqual(first.context, { knocks: 0 });
      assert.deepEqual(first.tags, ['quiet']);
      assert.deepEqual(first.effects, [{ name: 'note', params: { at: 'closed' } }]);
      assert.deepEqual(first.timers, [
        {
          sendId: 'after.1000.door.closed',
          trigger: { kind: 'after', state: 'door.closed', delay: '1000' },
          delayMs: 1_000,
          dueAt: new Date('2026-01-01T00:00:01.000Z'),
        },
        {
          sendId: 'after.soon.door.closed',
          trigger: { kind: 'after', state: 'door.closed', delay: 'soon' },
          delayMs: 5_000,
          dueAt: new Date('2026-01-01T00:00:05.000Z'),
        },
      ]);
      assert.ok(!JSON.stringify(first).includes('xstate.'), 'nothing stored names XState');
    });

    it('throws where the chart cannot start, which XState only notes in a snapshot', () => {
      const broken = createMachine({
        id: 'broken',
        context: () => {
          throw new Error('no input');
        },
      });
      assert.equal(initialTransition(broken)[0].status, 'error');
      assert.throws(() => start(define(broken), undefined, around), /broken could not start: no input/u);
    });
  });

  describe('step', () => {
    const first = stored(start(door, undefined, around).snapshot);

    it('moves a snapshot that went through JSON', () => {
      const open = taken(step(door, first, { type: 'OPEN' }, around));
      assert.equal(open.value, 'open');
      assert.deepEqual(open.cancels, ['after.1000.door.closed', 'after.soon.door.closed']);
      assert.deepEqual(open.timers, []);
    });

    it('accepts an event that only causes actions, though XState returns the same snapshot for it', () => {
      const snapshot = door.machine.restoreSnapshot(structuredClone(first) as never, undefined as never);
      const [after] = transition(door.machine, snapshot, { type: 'KNOCK' } as never);
      assert.equal(after, snapshot, 'the trap is there: same reference');
      const knocked = taken(step(door, first, { type: 'KNOCK' }, around));
      assert.deepEqual(knocked.effects, [{ name: 'note', params: { at: 'knock' } }]);
      assert.equal(knocked.value, 'closed');
    });

    it('accepts a transition that is empty', () => {
      assert.deepEqual(taken(step(door, first, { type: 'IGNORE' }, around)).effects, []);
    });

    it('does not accept what has no transition, or one whose guard says no, and says what would be', () => {
      const listed = ['OPEN', 'KNOCK', 'COUNT', 'IGNORE', 'AGAIN', 'GUARDED', 'BURN'];
      assert.deepEqual(step(door, first, { type: 'CLOSE' }, around), { accepted: false, accepts: listed });
      assert.deepEqual(step(door, first, { type: 'GUARDED' }, around), { accepted: false, accepts: listed });
    });

    it('takes nothing any more in a final state, though XState would', () => {
      const gone = taken(step(door, first, { type: 'BURN' }, around));
      assert.equal(gone.status, 'done');
      assert.deepEqual(step(door, stored(gone.snapshot), { type: 'BURN' }, around), { accepted: false, accepts: [] });
    });

    it('leaves the snapshot it was given as it was, even for actions that write into their context', () => {
      const careless = define(
        setup({ types: { context: {} as { list: number[] } } }).createMachine({
          id: 'careless',
          context: { list: [] },
          on: { ADD: { actions: assign(({ context: { list } }) => ({ list: (list.push(1), list) })) } },
        }),
      );
      const kept = stored(start(careless, undefined, around).snapshot);
      const before = JSON.stringify(kept);
      assert.deepEqual(taken(step(careless, kept, { type: 'ADD' }, around)).context, { list: [1] });
      assert.equal(JSON.stringify(kept), before);
    });

    it('remembers history states over storage', () => {
      const player = define(
        createMachine({
          id: 'player',
          initial: 'on',
          states: {
            on: {
              initial: 'one',
              states: { one: { on: { NEXT: 'two' } }, two: {}, last: { type: 'history' } },
              on: { OFF: 'off' },
            },
            off: { on: { ON: 'on.last' } },
          },
        }),
      );
      let snapshot = start(player, undefined, around).snapshot;
      for (const type of ['NEXT', 'OFF', 'ON']) {
        snapshot = taken(step(player, stored(snapshot), { type }, around)).snapshot;
      }
      assert.deepEqual((snapshot as { value: unknown }).value, { on: 'two' });
    });

    it('refuses a snapshot whose state the chart does not know', () => {
      const alien = { ...(first as object), value: 'nowhere' };
      assert.throws(() => step(door, alien as Json, { type: 'OPEN' }, around), MachineFault);
    });
  });

  describe('events of the runtime', () => {
    const first = start(door, undefined, around).snapshot;
    const forged = [
      'xstate.after.1000.door.closed',
      'xstate.done.actor.x',
      'xstate.error.actor.x',
      'xstate.stop',
      'xstate.init',
      '@xstate.raise',
      '*',
      '',
    ];

    for (const type of forged) {
      it(`cannot be sent: ${type || '(empty)'}`, () => {
        assert.ok(isReserved(type));
        assert.throws(() => step(door, first, { type }, around), MachineFault);
      });
    }

    it('would be believed by XState itself, which is why', () => {
      const snapshot = door.machine.restoreSnapshot(structuredClone(first) as never, undefined as never);
      const [after] = transition(door.machine, snapshot, { type: 'xstate.after.soon.door.closed' } as never);
      assert.equal(after.value, 'locked');
    });

    it('leaves names that only look alike', () => {
      for (const type of ['xstate', 'XSTATE.X', 'my.xstate.x']) {
        assert.equal(isReserved(type), false);
      }
    });

    it('are made from stored triggers only', () => {
      const trigger = { kind: 'after', state: 'door.closed', delay: 'soon' } as const;
      assert.equal(taken(fire(door, first, trigger, around)).value, 'locked');
      const open = taken(step(door, first, { type: 'OPEN' }, around)).snapshot;
      assert.equal(fire(door, open, trigger, around).accepted, false, 'a timer of a state that was left does nothing');
    });

    it('are refused as the event of a delayed raise', () => {
      const event = { type: 'xstate.after.soon.door.closed' };
      assert.throws(() => fire(door, first, { kind: 'raise', event }, around), MachineFault);
    });
  });

  it('lists what is accepted, wildcards resolved over the declared events', () => {
    const first = start(door, undefined, around).snapshot;
    const open = taken(step(door, first, { type: 'OPEN' }, around)).snapshot;
    assert.deepEqual(accepts(door, open), ['CLOSE', 'window.open', 'BURN']);
    const locked = taken(fire(door, first, { kind: 'after', state: 'door.closed', delay: 'soon' }, around)).snapshot;
    assert.deepEqual(accepts(door, locked), Object.keys(door.events));
  });

  it('comes to what transition() of XState comes to, whatever the events', () => {
    const types = [...Object.keys(door.events), 'NOPE'];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...types), { maxLength: 12 }), (events) => {
        let [snapshot] = initialTransition(door.machine);
        let kept = start(door, undefined, around).snapshot;
        for (const type of events) {
          const outcome = step(door, stored(kept), { type }, around);
          const [next, actions] = transition(door.machine, snapshot, { type });
          if (!outcome.accepted) {
            continue;
          }
          assert.deepEqual(outcome.value, next.value);
          assert.deepEqual(outcome.context, next.context);
          assert.equal(outcome.status, next.status);
          assert.deepEqual(
            outcome.effects.map(({ name }) => name),
            actions.map((action) => action.type as string).filter((name) => !name.startsWith('xstate.')),
          );
          assert.equal(outcome.timers.length, actions.filter((action) => action.type === 'xstate.raise').length);
          snapshot = next;
          kept = outcome.snapshot;
        }
        assert.deepEqual(stored(kept), stored(door.machine.getPersistedSnapshot(snapshot) as unknown as Json));
      }),
    );
  });
});
