// Onboarding: every event in every state, and that the order of what is earned does not matter.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { onboarding } from '#machines/onboarding.machine.ts';
import { advance, create, expire, type Advance } from '#src/platform/machines/instance.ts';
import { everyStep, simplePaths } from '#src/platform/machines/kit/paths.ts';
import { accepts } from '#src/platform/machines/kernel.ts';
import { verifyChain, type MachineInstance, type Transition } from '#src/platform/machines/store.ts';
import { holdsTo } from '../../support/ways.ts';

const day = 86_400_000;
const begin = Date.parse('2026-01-01T00:00:00.000Z');
const on = (days: number): Date => new Date(begin + days * day);

const cause = (eventId: string, days: number) => ({ eventId, actor: 'system', requestId: 'r', now: on(days) });
const created = create(onboarding, { id: 'u1', input: { name: 'Ada' }, inputHash: 'h' }, cause('c.x.create', 0));

function send(instance: MachineInstance, type: string, days = 1): Advance | null {
  const outcome = advance(onboarding, instance, { type }, cause(`c.x.${type}.${instance.seq}.${days}`, days));
  return outcome.accepted ? outcome : null;
}

function wait(instance: MachineInstance, sendId: string, days: number): Advance {
  const timer = instance.timers.find((waiting) => waiting.sendId === sendId);
  assert.ok(timer, `it does not wait for ${sendId}`);
  const outcome = expire(onboarding, instance, timer, cause(`t.${timer.id}`, days));
  assert.ok(outcome.accepted);
  return outcome;
}

function sent(instance: MachineInstance, ...types: string[]): MachineInstance {
  let at = instance;
  for (const type of types) {
    at = send(at, type)?.instance ?? assert.fail(`${type} was not accepted in ${JSON.stringify(at.value)}`);
  }
  return at;
}

const emitted = ({ transition }: Advance): unknown[] =>
  transition.effects.map(({ params }) => (params as { type: string }).type);

/** The timers each state waits for; `reminder` may have gone off. */
const patience = 'after.patience.onboarding.registered';
const silence = 'after.silence.onboarding.firstXp';

const states: Record<string, MachineInstance> = {
  registered: created.instance,
  firstXp: sent(created.instance, 'XP_EARNED'),
  active: sent(created.instance, 'LEVEL_REACHED'),
  dormant: wait(created.instance, patience, 30).instance,
};

describe('onboarding', () => {
  // state, event → next state (null: not accepted), whether anything changed, what is emitted
  const table: readonly [string, string, string | null, boolean, string[]][] = [
    ['registered', 'XP_EARNED', 'firstXp', true, []],
    ['registered', 'LEVEL_REACHED', 'active', true, ['onboarding.completed']],
    ['registered', 'SNOOZE', 'registered', false, []],
    ['registered', 'REMIND', 'registered', false, ['onboarding.reminded']],
    ['firstXp', 'XP_EARNED', 'firstXp', false, []],
    ['firstXp', 'LEVEL_REACHED', 'active', true, ['onboarding.completed']],
    ['firstXp', 'SNOOZE', null, false, []],
    ['firstXp', 'REMIND', null, false, []],
    ['active', 'XP_EARNED', 'active', false, []],
    ['active', 'LEVEL_REACHED', 'active', false, []],
    ['active', 'SNOOZE', null, false, []],
    ['active', 'REMIND', null, false, []],
    ['dormant', 'XP_EARNED', 'firstXp', true, []],
    ['dormant', 'LEVEL_REACHED', 'active', true, ['onboarding.completed']],
    ['dormant', 'SNOOZE', null, false, []],
    ['dormant', 'REMIND', null, false, []],
  ];
  for (const [state, event, next, changed, emits] of table) {
    it(`${state} on ${event}: ${next ?? 'not accepted'}`, () => {
      const from = states[state]!;
      assert.equal(from.value, state);
      const outcome = send(from, event);
      assert.equal(outcome?.instance.value ?? null, next);
      if (outcome) {
        assert.equal(outcome.transition.changed, changed);
        assert.deepEqual(emitted(outcome), emits);
        assert.equal(outcome.instance.seq, from.seq + 1);
      }
    });
  }

  it('waits for a reminder after 3 days and for patience to end after 30', () => {
    assert.equal(created.instance.value, 'registered');
    assert.deepEqual(created.instance.context, { userId: 'u1', name: 'Ada' });
    assert.deepEqual(
      created.instance.timers.map(({ sendId, dueAt }) => [sendId, dueAt]),
      [
        ['reminder', on(3)],
        [patience, on(30)],
      ],
    );
  });

  it('reminds once, and stays', () => {
    const reminded = wait(created.instance, 'reminder', 3);
    assert.equal(reminded.instance.value, 'registered');
    assert.deepEqual(reminded.transition.effects, [
      { name: 'emit', params: { type: 'onboarding.reminded', data: { userId: 'u1' } } },
    ]);
    assert.deepEqual(
      reminded.instance.timers.map(({ sendId }) => sendId),
      [patience],
    );
  });

  it('falls asleep after 30 days in registered and 60 in firstXp', () => {
    const lapsed = wait(created.instance, patience, 30);
    assert.equal(lapsed.instance.value, 'dormant');
    assert.deepEqual(emitted(lapsed), ['onboarding.lapsed']);
    assert.deepEqual(lapsed.instance.timers, []);
    const first = states['firstXp']!;
    assert.deepEqual(
      first.timers.map(({ sendId, dueAt }) => [sendId, dueAt]),
      [[silence, on(61)]],
    );
    assert.equal(wait(first, silence, 61).instance.value, 'dormant');
  });

  it('begins the silence anew when more is earned', () => {
    const more = send(states['firstXp']!, 'XP_EARNED', 40)!.instance;
    assert.deepEqual(
      more.timers.map(({ sendId, dueAt }) => [sendId, dueAt]),
      [[silence, on(100)]],
    );
  });

  it('puts the reminder off on SNOOZE, as another generation, and leaves the end of patience', () => {
    const snoozed = send(created.instance, 'SNOOZE', 2)!.instance;
    assert.deepEqual(
      snoozed.timers.map(({ sendId, dueAt }) => [sendId, dueAt]),
      [
        [patience, on(30)],
        ['reminder', on(5)],
      ],
    );
    const ids = (instance: MachineInstance) => instance.timers.find(({ sendId }) => sendId === 'reminder')?.id;
    assert.notEqual(ids(snoozed), ids(created.instance));
  });

  it('lets its owner send SNOOZE and nothing else', () => {
    const byOwner = Object.entries(onboarding.events).filter(([, event]) =>
      (event.from as readonly string[]).includes('owner'),
    );
    assert.deepEqual(
      byOwner.map(([type]) => type),
      ['SNOOZE'],
    );
    assert.ok(!('REMIND' in onboarding.events), 'a reminder comes from its timer only');
    assert.deepEqual(onboarding.people('u1'), { owner: 'u1', members: [] });
  });

  it('names what it takes', () => {
    assert.deepEqual(accepts(onboarding, states['registered']!.snapshot), ['XP_EARNED', 'LEVEL_REACHED', 'SNOOZE']);
    assert.deepEqual(accepts(onboarding, states['active']!.snapshot), ['XP_EARNED', 'LEVEL_REACHED']);
  });

  it('ends in the same state in whatever order things are earned, however often they are told', () => {
    const told = fc.array(fc.constantFrom('XP_EARNED', 'LEVEL_REACHED', 'SNOOZE'), { maxLength: 8 });
    const shuffled = told.chain((events) =>
      fc.tuple(fc.constant(events), fc.shuffledSubarray(events, { minLength: events.length })),
    );
    fc.assert(
      fc.property(shuffled, fc.boolean(), ([one, other], asleep) => {
        const from = states[asleep ? 'dormant' : 'registered']!;
        const [left, right] = [one, other].map((events) => {
          let instance = from;
          for (const type of events) {
            instance = send(instance, type)?.instance ?? instance;
          }
          return instance;
        });
        assert.equal(left!.value, right!.value);
        assert.deepEqual(left!.context, right!.context);
      }),
    );
  });

  it('keeps its numbers, its chain and its timers whatever happens', () => {
    const waitsFor: Record<string, string[]> = {
      registered: [patience, 'reminder'],
      firstXp: [silence],
      active: [],
      dormant: [],
    };
    const happenings = fc.array(fc.constantFrom('XP_EARNED', 'LEVEL_REACHED', 'SNOOZE', 'NOPE', 'due'), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(happenings, (events) => {
        const rows: Transition[] = [created.transition];
        let { instance } = created;
        for (const [index, type] of events.entries()) {
          const next = instance.timers.toSorted((left, right) => left.dueAt.getTime() - right.dueAt.getTime())[0];
          const outcome = type === 'due' ? next && wait(instance, next.sendId, index) : send(instance, type, index);
          if (outcome) {
            rows.push(outcome.transition);
            ({ instance } = outcome);
          }
          const names = instance.timers.map(({ sendId }) => sendId);
          assert.equal(new Set(names).size, names.length, 'one timer for each name');
          assert.ok(names.every((name) => waitsFor[instance.value as string]!.includes(name)));
          const due = waitsFor[instance.value as string]!.filter((name) => name !== 'reminder');
          assert.ok(due.every((name) => names.includes(name)));
        }
        assert.equal(instance.seq, rows.length - 1);
        assert.ok(verifyChain(rows));
        assert.equal(instance.lastHash, rows.at(-1)?.hash);
      }),
    );
  });

  it('stands where the chart says on every way there is', () => {
    holdsTo(onboarding, everyStep(onboarding));
    holdsTo(onboarding, simplePaths(onboarding));
  });
});
