// Steps as rows: sequence, hash chain, and the generations of timers.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { cancel, raise, setup } from 'xstate';
import { z } from 'zod';
import type { Write } from '#src/platform/commands/command.ts';
import type { MachineDefinition } from '#src/platform/machines/definition.ts';
import { firedTimer, withoutTimer } from '#src/platform/machines/arming.ts';
import { advance, create, expire, type Advance } from '#src/platform/machines/instance.ts';
import {
  sealed,
  Timers,
  transitionId,
  verifyChain,
  type MachineInstance,
  type Timer,
  type Transition,
} from '#src/platform/machines/store.ts';

const definition: MachineDefinition = {
  type: 'kettle',
  version: 3,
  machine: setup({
    types: { context: {} as { id: string; litres: number } },
    actions: { whistle: () => undefined },
  }).createMachine({
    id: 'kettle',
    context: ({ input }) => ({ id: (input as { id: string }).id, litres: (input as { litres: number }).litres }),
    initial: 'cold',
    states: {
      cold: {
        entry: raise({ type: 'NAG' }, { id: 'nag', delay: 1_000 }),
        after: { 5_000: 'forgotten' },
        on: {
          HEAT: 'hot',
          NAG: { actions: 'whistle' },
          LATER: { actions: [cancel('nag'), raise({ type: 'NAG' }, { id: 'nag', delay: 1_000 })] },
          INSIST: { actions: raise({ type: 'NAG' }, { id: 'nag', delay: 9 }) },
          TWICE: { actions: [raise({ type: 'NAG' }, { delay: 1 }), raise({ type: 'NAG' }, { delay: 2 })] },
        },
      },
      hot: {},
      forgotten: { type: 'final' },
    },
    on: { TOUCH: {}, END: { target: '.forgotten', actions: raise({ type: 'NAG' }, { delay: 3 }) } },
  }),
  input: z.object({ litres: z.number() }),
  events: {},
  access: { create: ['operator'], read: ['owner', 'role:legal'] },
  early: 'reject',
  people: (id) => ({ owner: `owner-of-${id}`, members: [] }),
};

const start = Date.parse('2026-01-01T00:00:00.000Z');
const at = (ms: number): Date => new Date(start + ms);
const cause = (eventId: string, ms: number) => ({ eventId, actor: 'u1', requestId: `r-${eventId}`, now: at(ms) });
const born = { id: 'k1', input: { litres: 2 }, inputHash: 'hash' };
const created = create(definition, born, cause('c.u1.make', 0));

function applied(outcome: ReturnType<typeof advance>): Advance {
  assert.ok(outcome.accepted);
  return outcome;
}

function send(instance: MachineInstance, type: string, ms: number): Advance {
  return applied(advance(definition, instance, { type }, cause(`c.u1.${type}.${ms}`, ms)));
}

function timersIn(writes: readonly Write[]): [string, string, string][] {
  return writes
    .filter((write) => write.into.name === Timers.name)
    .map(({ op, doc }) => [op, doc._id, (doc as Timer).state]);
}

function timerOf(instance: MachineInstance, sendId: string) {
  const timer = instance.timers.find((waiting) => waiting.sendId === sendId);
  assert.ok(timer, `${instance._id} does not wait for ${sendId}`);
  return timer;
}

describe('an instance of a machine', () => {
  it('begins at seq 0 with the input and its id, and one row that begins the chain', () => {
    const { instance, transition, writes } = created;
    assert.deepEqual(
      { ...instance, snapshot: null, timers: null, lastHash: null },
      {
        _id: 'kettle.k1',
        type: 'kettle',
        key: 'k1',
        version: 3,
        seq: 0,
        status: 'active',
        value: 'cold',
        tags: [],
        context: { id: 'k1', litres: 2 },
        snapshot: null,
        timers: null,
        lastHash: null,
        owner: 'owner-of-k1',
        members: [],
        readers: ['user.owner-of-k1', 'role.legal'],
        marks: ['cold'],
        inputHash: 'hash',
        rev: 0,
        createdAt: at(0),
        updatedAt: at(0),
      },
    );
    assert.equal(transition.seq, 0);
    assert.equal(transition.from, null);
    assert.equal(transition.prevHash, '');
    assert.equal(instance.lastHash, transition.hash);
    assert.deepEqual(
      writes.map(({ op, into }) => `${op} ${into.name}`),
      ['insert machine_instances', 'insert transitions', 'insert timers', 'insert timers'],
    );
  });

  it('counts only the steps it takes, and links each to the one before', () => {
    const rows: Transition[] = [created.transition];
    let { instance } = created;
    for (const [index, type] of ['TOUCH', 'LATER', 'HEAT'].entries()) {
      assert.equal(advance(definition, instance, { type: 'NOPE' }, cause('nope', index)).accepted, false);
      const next = send(instance, type, index + 1);
      assert.equal(next.instance.seq, index + 1);
      assert.equal(next.instance.rev, index + 1);
      rows.push(next.transition);
      ({ instance } = next);
    }
    assert.deepEqual(
      rows.map(({ seq }) => seq),
      [0, 1, 2, 3],
    );
    assert.ok(verifyChain(rows));
    assert.equal(instance.lastHash, rows.at(-1)?.hash);
  });

  it('says whether a step changed what can be seen', () => {
    assert.equal(send(created.instance, 'TOUCH', 1).transition.changed, false);
    assert.equal(send(created.instance, 'LATER', 1).transition.changed, false);
    assert.equal(send(created.instance, 'HEAT', 1).transition.changed, true);
  });

  it('names a step by its event, so that a repeat finds it', () => {
    const { transition } = send(created.instance, 'HEAT', 7);
    assert.equal(transition._id, transitionId('kettle.k1', 'c.u1.HEAT.7'));
    assert.equal(transition.requestId, 'r-c.u1.HEAT.7');
    assert.notEqual(transitionId('kettle.k1', 'x'), transitionId('kettle.k2', 'x'));
  });

  describe('its timers', () => {
    const nag = timerOf(created.instance, 'nag');

    it('are rows of their own, named by the step that armed them', () => {
      assert.deepEqual(timersIn(created.writes), [
        ['insert', 'kettle.k1-0-0', 'armed'],
        ['insert', 'kettle.k1-0-1', 'armed'],
      ]);
      assert.deepEqual(nag.dueAt, at(1_000));
      assert.equal(nag.requestId, 'r-c.u1.make');
      const row = created.writes.at(-1)?.doc as Timer;
      assert.match(row.shard, /^machines\.\d+$/u);
      assert.equal(row.expireAt, undefined);
      assert.ok(!row._id.includes(':'));
    });

    it('are cancelled with the state that waited', () => {
      const hot = send(created.instance, 'HEAT', 10);
      // A raise of the chart's own outlives its state, unless the chart cancels it.
      assert.deepEqual(hot.instance.timers, [nag]);
      assert.deepEqual(timersIn(hot.writes), [['put', 'kettle.k1-0-1', 'cancelled']]);
      assert.equal(expire(definition, hot.instance, nag, cause('t.nag', 1_000)).accepted, false);
      const cancelled = hot.writes.at(-1)?.doc as Timer;
      const armed = created.writes.at(-1)?.doc as Timer;
      assert.deepEqual({ ...cancelled, state: 'armed', expireAt: null }, { ...armed, expireAt: null });
      assert.ok(cancelled.expireAt && cancelled.expireAt > at(10));
    });

    it('get another generation when they are armed again', () => {
      const later = send(created.instance, 'LATER', 500);
      const again = timerOf(later.instance, 'nag');
      assert.notEqual(again.id, nag.id);
      assert.deepEqual(again.dueAt, at(1_500));
      assert.deepEqual(timersIn(later.writes), [
        ['insert', 'kettle.k1-1-0', 'armed'],
        ['put', nag.id, 'cancelled'],
      ]);
      assert.equal(timerOf(later.instance, 'after.5000.kettle.cold').id, 'kettle.k1-0-1', 'the other one goes on');
    });

    it('replace the one of their name, though the chart did not cancel it', () => {
      const insisted = send(created.instance, 'INSIST', 1);
      assert.deepEqual(timerOf(insisted.instance, 'nag').dueAt, at(10));
      assert.equal(insisted.instance.timers.length, 2);
      assert.deepEqual(timersIn(insisted.writes), [
        ['insert', 'kettle.k1-1-0', 'armed'],
        ['put', nag.id, 'cancelled'],
      ]);
    });

    it('without a name never stand in for one another', () => {
      const twice = send(created.instance, 'TWICE', 1).instance;
      assert.deepEqual(
        twice.timers.map(({ sendId }) => sendId),
        ['nag', 'after.5000.kettle.cold', 'kettle.k1-1-0', 'kettle.k1-1-1'],
      );
      assert.equal(send(twice, 'TWICE', 2).instance.timers.length, 6);
    });

    it('are not more than its row holds: the step that would arm too many is not taken', () => {
      let { instance } = created;
      const fill = (): void => {
        for (let count = 0; count < 260; count += 1) {
          ({ instance } = send(instance, 'TWICE', count + 1));
        }
      };
      assert.throws(fill, /would wait for more than 500 timers/u);
      assert.equal(instance.timers.length, 500);
    });

    it('go off once: the instance no longer waits, and the step says what it did', () => {
      const rung = applied(expire(definition, created.instance, nag, cause(`t.${nag.id}`, 1_000)));
      assert.deepEqual(rung.transition.event, { type: 'NAG' });
      assert.deepEqual(rung.transition.effects, [{ name: 'whistle', params: {} }]);
      assert.deepEqual(
        rung.instance.timers.map(({ sendId }) => sendId),
        ['after.5000.kettle.cold'],
      );
      assert.deepEqual(timersIn(rung.writes), [], 'the row of a timer that goes off is the caller’s to mark');
    });

    it('are all cancelled when the machine ends, by whatever way', () => {
      const after = timerOf(created.instance, 'after.5000.kettle.cold');
      const ended = applied(expire(definition, created.instance, after, cause('t.x', 5_000)));
      assert.equal(ended.instance.status, 'done');
      assert.deepEqual(ended.transition.event, { type: 'after.5000.kettle.cold' });
      assert.deepEqual(timersIn(ended.writes), [['put', nag.id, 'cancelled']]);
      const twice = send(created.instance, 'TWICE', 1).instance;
      const burnt = send(twice, 'END', 2);
      assert.deepEqual(burnt.instance.timers, [], 'not even what the last step would have armed');
      assert.deepEqual(
        timersIn(burnt.writes).map(([op, , state]) => `${op} ${state}`),
        ['put cancelled', 'put cancelled', 'put cancelled', 'put cancelled'],
      );
    });

    it('are marked fired with what went wrong', () => {
      const row = created.writes.at(-1)?.doc as Timer;
      const fired = firedTimer(row, at(9_000), 'bad guard');
      assert.equal(fired.state, 'fired');
      assert.deepEqual(fired.firedAt, at(9_000));
      assert.equal(fired.error, 'bad guard');
      assert.ok(fired.expireAt && fired.expireAt > at(9_000));
      assert.ok(!('error' in firedTimer(row, at(9_000))));
      assert.deepEqual(
        withoutTimer(created.instance, nag.id).timers.map(({ sendId }) => sendId),
        ['after.5000.kettle.cold'],
      );
    });
  });

  describe('its chain', () => {
    const second = send(created.instance, 'TOUCH', 1);
    const third = send(second.instance, 'HEAT', 2);
    const rows = [created.transition, second.transition, third.transition];

    it('holds for the whole and for a part of it', () => {
      assert.ok(verifyChain(rows));
      assert.ok(verifyChain(rows.slice(1)));
      assert.ok(verifyChain([]));
    });

    it('holds after MongoDB gave the rows back in another order of members', () => {
      assert.ok(
        verifyChain(rows.map((row) => Object.fromEntries(Object.entries(row).toReversed()) as unknown as Transition)),
      );
    });

    const unsealed = ({ hash: _hash, ...row }: Transition): Omit<Transition, 'hash'> => row;
    const tampered: readonly [string, Transition[]][] = [
      ['a value was altered', rows.map((row) => (row.seq === 1 ? { ...row, to: 'hot' } : row))],
      ['an actor was altered', rows.map((row) => (row.seq === 2 ? { ...row, actor: 'u2' } : row))],
      ['a time was altered', rows.map((row) => (row.seq === 0 ? { ...row, at: at(99) } : row))],
      ['a row is missing', [rows[0]!, rows[2]!]],
      ['rows were swapped', [rows[1]!, rows[0]!, rows[2]!]],
      ['a member was added', rows.map((row) => (row.seq === 1 ? ({ ...row, note: 1 } as Transition) : row))],
      ['the beginning was cut off and numbered anew', [sealed({ ...unsealed(rows[1]!), seq: 0 })]],
      ['the beginning was cut off and forged', [sealed({ ...unsealed(rows[1]!), prevHash: '' })]],
      ['a row was forged without its predecessor', [rows[0]!, sealed({ ...unsealed(rows[1]!), prevHash: 'x' })]],
      ['a row was forged with another number', [rows[0]!, sealed({ ...unsealed(rows[1]!), seq: 2 })]],
    ];
    for (const [what, chain] of tampered) {
      it(`is broken where ${what}`, () => {
        assert.equal(verifyChain(chain), false);
      });
    }
  });
});
