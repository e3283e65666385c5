// Decisions about events for machines on a hand-made state, repeats among them, and what a batch reads. Creation:
// creation.test.ts.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Reader } from '#src/platform/commands/command.ts';
import { MachineInstances, Timers, transitionId, Transitions, verifyChain } from '#src/platform/machines/store.ts';
import type { Timer, Transition } from '#src/platform/machines/store.ts';
import { createInstance } from '#src/services/state-machine/creation/creation.commands.ts';
import { sendEvent } from '#src/services/state-machine/state-machine.commands.ts';
import { fireTimer } from '#src/services/state-machine/timers/timers.commands.ts';
import { eventOutput, sendInput } from '#src/services/state-machine/state-machine.schema.ts';
import { create, event, refused, withInstance, World } from './world.ts';

describe('state-machine.event.send', () => {
  it('takes the step, answers with what it came to, and tells who listens', () => {
    const world = withInstance();
    const { result, events, work } = world.do(sendEvent, event('LEVEL_REACHED'), { actor: 'system', origin: 'e.x.0' });
    assert.deepEqual(eventOutput.parse(result), {
      type: 'onboarding',
      id: 'u1',
      seq: 1,
      value: 'active',
      status: 'active',
      context: { userId: 'u1', name: 'Ada' },
      changed: true,
      effects: [{ name: 'emit', params: { type: 'onboarding.completed', data: { userId: 'u1' } } }],
    });
    assert.deepEqual(
      events?.map(({ type, audience }) => [type, audience]),
      [
        ['machine.transitioned', ['machine.onboarding.u1', 'user.u1']],
        ['onboarding.completed', ['machine.onboarding.u1', 'user.u1']],
      ],
    );
    assert.deepEqual(work, []);
    const row = world.get<Transition>(Transitions, transitionId('onboarding.u1', 'e.x.0'));
    assert.equal(row?.actor, 'system');
    assert.equal(row?.from, 'registered');
  });

  it('says so when nothing changed', () => {
    const { result } = withInstance().do(sendEvent, event('SNOOZE'));
    assert.equal((result as { changed: unknown }).changed, false);
  });

  it('refuses an unknown instance', () => {
    refused(new World().decide(sendEvent, event('XP_EARNED')), 'state-machine.not-found', 404);
  });

  it('refuses what the state does not take, and says what it takes', () => {
    const world = withInstance();
    world.do(sendEvent, event('XP_EARNED'));
    const { problem } = refused(world.decide(sendEvent, event('SNOOZE')), 'state-machine.event-not-accepted', 409);
    assert.deepEqual(problem.extensions, {
      accepts: ['XP_EARNED', 'LEVEL_REACHED'],
      verdicts: [],
      seq: 1,
      value: 'firstXp',
    });
    assert.equal(world.instance().seq, 1);
  });

  it('refuses events nobody declared, though the chart has transitions for them', () => {
    const world = withInstance();
    for (const type of ['REMIND', 'NOPE', 'constructor', '__proto__']) {
      const { problem } = refused(world.decide(sendEvent, event(type)), 'state-machine.event-not-accepted', 409);
      assert.deepEqual(problem.extensions?.['accepts'], ['XP_EARNED', 'LEVEL_REACHED', 'SNOOZE']);
      assert.deepEqual(problem.extensions?.['verdicts'], [], 'what the chart does by itself is nobody’s business');
    }
  });

  it('never lets events of the runtime through its door', () => {
    for (const type of ['xstate.after.patience.onboarding.registered', '@xstate.x', 'xstate.stop', '', '*']) {
      assert.equal(sendInput.safeParse(event(type)).success, false, type);
    }
  });

  it('refuses a payload that does not fit', () => {
    const input = { ...event('XP_EARNED'), event: { type: 'XP_EARNED', amount: 5 } };
    const { problem } = refused(withInstance().decide(sendEvent, input), 'request.invalid', 422);
    assert.equal(problem.errors?.[0]?.pointer, '/body/amount');
  });

  it('refuses another seq than the newest, and says which it is', () => {
    const world = withInstance();
    world.do(sendEvent, event('SNOOZE', { expectSeq: 0 }));
    const { problem } = refused(
      world.decide(sendEvent, event('SNOOZE', { expectSeq: 0 })),
      'state-machine.seq-differs',
      412,
    );
    assert.deepEqual(problem.extensions, { seq: 1 });
    world.do(sendEvent, event('SNOOZE', { expectSeq: 1 }));
  });

  it('answers a repeat with the first answer, whatever has happened since, and does nothing', () => {
    const world = withInstance();
    const origin = 'c.admin.key';
    const first = world.do(sendEvent, event('XP_EARNED', { expectSeq: 0 }), { origin });
    world.do(sendEvent, event('LEVEL_REACHED'));
    const again = world.do(sendEvent, event('XP_EARNED', { expectSeq: 0 }), { origin });
    assert.deepEqual(again, { result: first.result, replayed: true });
    assert.equal(world.instance().seq, 2);
  });

  it('takes whom the door saw, and without that the product itself only', () => {
    const world = withInstance();
    const by = (names: readonly string[], readsAny = false) => ({
      asker: { names: [...names], operates: false, readsAny },
    });
    refused(world.decide(sendEvent, event('SNOOZE', by(['anyone', 'user.u2']))), 'state-machine.not-found', 404);
    refused(world.decide(sendEvent, event('SNOOZE', by(['user.u2'], true))), 'auth.forbidden', 403);
    refused(world.decide(sendEvent, event('XP_EARNED', by(['user.u1']))), 'auth.forbidden', 403);
    world.do(sendEvent, event('SNOOZE', by(['user.u1'])), { actor: 'u1' });
    refused(world.decide(sendEvent, event('SNOOZE', { asker: undefined })), 'state-machine.not-found', 404);
    world.do(sendEvent, event('XP_EARNED', { asker: undefined }), { actor: 'system' });
  });

  it('refuses another event under the id of an earlier one', () => {
    const world = withInstance();
    world.do(sendEvent, event('XP_EARNED'), { origin: 'c.admin.key' });
    const other = world.decide(sendEvent, event('LEVEL_REACHED'), { origin: 'c.admin.key' });
    refused(other, 'idempotency.body-differs', 422);
    const unfit = { ...event('XP_EARNED'), event: { type: 'XP_EARNED', amount: 5 } };
    refused(world.decide(sendEvent, unfit, { origin: 'c.admin.key' }), 'idempotency.body-differs', 422);
  });

  it('goes on with seq and chain when several commands of one instance stand in a batch', () => {
    const world = withInstance();
    for (const type of ['SNOOZE', 'SNOOZE', 'XP_EARNED', 'XP_EARNED', 'LEVEL_REACHED', 'LEVEL_REACHED']) {
      world.do(sendEvent, event(type));
    }
    const rows = world.all<Transition>(Transitions).toSorted((left, right) => left.seq - right.seq);
    assert.deepEqual(
      rows.map(({ seq }) => seq),
      [0, 1, 2, 3, 4, 5, 6],
    );
    assert.ok(verifyChain(rows));
    assert.equal(world.instance().lastHash, rows.at(-1)?.hash);
    const states = world.all<Timer>(Timers).map(({ state }) => state);
    assert.ok(states.length === 6 && states.every((state) => state === 'cancelled'), states.join());
  });

  it('is a final no where the chart fails: nothing is tried again', () => {
    const world = withInstance();
    world.put(MachineInstances, { ...world.instance(), snapshot: { value: 'nowhere' } } as { _id: string });
    refused(world.decide(sendEvent, event('XP_EARNED')), 'state-machine.step-failed', 422);
  });

  it('is a fault where this process lacks the version an instance runs on', () => {
    const world = withInstance();
    world.put(MachineInstances, { ...world.instance(), version: 99 } as { _id: string });
    assert.throws(() => world.decide(sendEvent, event('XP_EARNED')), /version 99/u);
  });
});

describe('what a batch of machine commands reads', () => {
  it('is every instance, and the step or timer by its id', async () => {
    const asked: [string, string][] = [];
    const reader: Reader = {
      read: async (from, ids) => {
        const all = [...ids];
        asked.push(...all.map((id): [string, string] => [from.name, id]));
        return await Promise.resolve(all.map(() => null));
      },
      readBy: async () => await Promise.reject(new Error('machines are read by id')),
    };
    const base = { id: 'w', kind: '', key: '', actor: 'a', requestHash: '', requestId: 'r', acceptedAt: new Date(0) };
    await createInstance.load([{ ...base, origin: 'c.a.1', input: create }], reader);
    await sendEvent.load([{ ...base, origin: 'c.a.2', input: event('X') }], reader);
    await fireTimer.load([{ ...base, origin: 't.x', input: { timerId: 'x', instance: 'onboarding.u2' } }], reader);
    assert.deepEqual(asked, [
      ['machine_instances', 'onboarding.u1'],
      ['machine_instances', 'onboarding.u1'],
      ['transitions', transitionId('onboarding.u1', 'c.a.2')],
      ['machine_instances', 'onboarding.u2'],
      ['timers', 'x'],
    ]);
  });
});
