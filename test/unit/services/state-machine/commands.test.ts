// Decisions about machines on a hand-made state: creation, events, repeats, timers.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Reader } from '#src/platform/commands/command.ts';
import { AppError } from '#src/platform/errors.ts';
import { MachineInstances, Timers, transitionId, Transitions, verifyChain } from '#src/platform/machines/store.ts';
import type { Timer, Transition } from '#src/platform/machines/store.ts';
import {
  definitionId,
  MachineDefinitions,
  MachineTypes,
} from '#src/services/state-machine/definitions/definitions.model.ts';
import { createInstance } from '#src/services/state-machine/creation/creation.commands.ts';
import { sendEvent } from '#src/services/state-machine/state-machine.commands.ts';
import { fireTimer } from '#src/services/state-machine/timers/timers.commands.ts';
import { createInput, eventOutput, sendInput, stateOutput } from '#src/services/state-machine/state-machine.schema.ts';
import { begin, create, day, event, patience, refused, withInstance, World } from './world.ts';

describe('state-machine.instance.create', () => {
  it('makes the instance and answers with its state', () => {
    const world = new World();
    const { result, status, events, work } = world.do(createInstance, create);
    assert.equal(status, undefined, 'the status is the route’s');
    assert.deepEqual(stateOutput.parse(result), {
      type: 'onboarding',
      id: 'u1',
      version: 1,
      seq: 0,
      value: 'registered',
      status: 'active',
      context: { userId: 'u1', name: 'Ada' },
      tags: [],
      children: [],
      deferred: [],
      undoing: 0,
      accepts: ['XP_EARNED', 'LEVEL_REACHED', 'SNOOZE'],
      timers: [
        { name: 'reminder', dueAt: new Date(begin + 3 * day).toISOString() },
        { name: patience, dueAt: new Date(begin + 30 * day).toISOString() },
      ],
      createdAt: '2026-01-01T00:00:00.000Z',
      updatedAt: '2026-01-01T00:00:00.000Z',
    });
    assert.deepEqual(work, []);
    assert.deepEqual(events, [
      {
        type: 'machine.transitioned',
        subject: 'machine.onboarding.u1',
        audience: ['machine.onboarding.u1', 'user.u1'],
        data: {
          type: 'onboarding',
          id: 'u1',
          seq: 0,
          event: 'created',
          from: null,
          to: 'registered',
          status: 'active',
          changed: true,
        },
      },
    ]);
  });

  it('answers the same input with 200 and the state as it has become, and writes nothing', () => {
    const world = withInstance();
    world.do(sendEvent, event('XP_EARNED'));
    const again = world.do(createInstance, create);
    assert.equal(again.status, 200);
    assert.equal(again.writes, undefined);
    assert.equal(again.events, undefined);
    assert.equal((again.result as { value: string }).value, 'firstXp');
  });

  it('knows what it was created with by the version it runs on, whatever new ones are created by', () => {
    const world = new World();
    const type = 'upgraded';
    const version = (number: number, required: string[]): void => {
      const properties = { name: { type: 'string' }, more: { type: 'string' } };
      const input = { type: 'object', properties, required };
      const source = { input, access: { create: ['operator'], read: ['owner'] }, initial: 'a', states: { a: {} } };
      const row = { type, version: number, hash: `h${number}` };
      const _id = definitionId(type, number);
      world.put(MachineDefinitions, Object.assign({ _id }, row, { source: JSON.stringify(source) }));
      world.put(MachineTypes, Object.assign({ _id: type }, { current: row }));
    };
    version(1, ['name']);
    const asked = { ...create, type, input: { name: 'Ada' } };
    world.do(createInstance, asked);
    version(2, ['name', 'more']);
    assert.equal(world.do(createInstance, asked).status, 200);
    refused(world.decide(createInstance, { ...asked, id: 'u2' }), 'request.invalid', 422);
    refused(world.decide(createInstance, { ...asked, input: { name: 'Bo' } }), 'state-machine.input-differs', 409);
    world.put(MachineTypes, Object.assign({ _id: type }, { current: null }));
    assert.equal(world.do(createInstance, asked).status, 200);
    refused(world.decide(createInstance, { ...asked, id: 'u2' }), 'state-machine.unknown-type', 422);
  });

  it('refuses other input for an instance that exists', () => {
    const world = withInstance();
    refused(world.decide(createInstance, { ...create, input: {} }), 'state-machine.input-differs', 409);
    refused(world.decide(createInstance, { ...create, input: undefined }), 'state-machine.input-differs', 409);
  });

  it('is for operators and the product itself, where the definition says so', () => {
    const asker = { names: ['anyone', 'user.u1', 'role.user'], operates: false, readsAny: true };
    refused(new World().decide(createInstance, { ...create, asker }), 'auth.forbidden', 403);
    refused(new World().decide(createInstance, { ...create, asker: undefined }), 'auth.forbidden', 403);
    new World().do(createInstance, { ...create, asker: undefined }, { actor: 'system' });
  });

  it('takes no input for empty input', () => {
    const world = new World();
    world.do(createInstance, { ...create, input: undefined });
    assert.equal(world.decide(createInstance, { ...create, input: {} }) instanceof AppError, false);
  });

  it('refuses a type nobody defines, and input that does not fit', () => {
    const world = new World();
    refused(world.decide(createInstance, { ...create, type: 'nothing' }), 'state-machine.unknown-type', 422);
    const { problem } = refused(
      world.decide(createInstance, { ...create, input: { name: 1 } }),
      'request.invalid',
      422,
    );
    assert.equal(problem.errors?.[0]?.pointer, '/body/input/name');
  });

  it('takes ids that can be part of other ids', () => {
    for (const [type, id, fits] of [
      ['onboarding', 'u1', true],
      ['onboarding', '0198-a.b_c', true],
      ['onboarding', 'a:b', false],
      ['onboarding', '.a', false],
      ['onboarding', '', false],
      ['on.boarding', 'u1', false],
      ['', 'u1', false],
    ] as const) {
      assert.equal(createInput.safeParse({ type, id }).success, fits, `${type} ${id}`);
    }
  });
});

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
