// Decisions about timers that are due, on a hand-made state.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { Decision } from '#src/platform/commands/command.ts';
import {
  instanceId,
  MachineInstances,
  Timers,
  transitionId,
  Transitions,
  type MachineInstance,
  type Timer,
  type Transition,
} from '#src/platform/machines/store.ts';
import {
  definitionId,
  MachineDefinitions,
  MachineTypes,
} from '#src/services/state-machine/definitions/definitions.model.ts';
import { createInstance } from '#src/services/state-machine/creation/creation.commands.ts';
import { sendEvent } from '#src/services/state-machine/state-machine.commands.ts';
import { fireTimer } from '#src/services/state-machine/timers/timers.commands.ts';
import { begin, create, day, event, withInstance, World } from './world.ts';

describe('state-machine.timer.fire', () => {
  const fire = (world: World, timer: { id: string }): Decision =>
    world.do(fireTimer, { timerId: timer.id, instance: 'onboarding.u1' }, { actor: 'system', origin: `t.${timer.id}` });
  const outcome = ({ result }: Decision): unknown => (result as { outcome: unknown }).outcome;

  it('lets the timer go off and marks it in the same decision', () => {
    const world = withInstance();
    const reminder = world.timer('reminder');
    world.now = new Date(begin + 3 * day + 5);
    const decision = fire(world, reminder);
    assert.equal(outcome(decision), 'fired');
    assert.deepEqual(
      decision.events?.map(({ type }) => type),
      ['machine.transitioned', 'onboarding.reminded'],
    );
    const row = world.get<Timer>(Timers, reminder.id);
    assert.equal(row?.state, 'fired');
    assert.deepEqual(row?.firedAt, world.now);
    assert.equal(world.instance().seq, 1);
    assert.equal(world.get<Transition>(Transitions, transitionId('onboarding.u1', `t.${reminder.id}`))?.seq, 1);
    assert.throws(() => world.timer('reminder'), /is not armed/u);
  });

  it('does nothing a second time', () => {
    const world = withInstance();
    const reminder = world.timer('reminder');
    fire(world, reminder);
    assert.deepEqual(fire(world, reminder), { result: { outcome: 'stale' } });
    assert.equal(world.instance().seq, 1);
  });

  it('does nothing for a timer that was replaced, however late', () => {
    const world = withInstance();
    const replaced = world.timer('reminder');
    world.now = new Date(begin + 2 * day);
    world.do(sendEvent, event('SNOOZE'));
    world.now = new Date(begin + 3 * day);
    assert.deepEqual(fire(world, replaced), { result: { outcome: 'stale' } });
    assert.equal(outcome(fire(world, world.timer('reminder'))), 'fired');
  });

  it('does nothing for a generation that is not the current one, even if its row still says armed', () => {
    const world = withInstance();
    const replaced = world.timer('reminder');
    const armed = world.get<Timer>(Timers, replaced.id);
    world.do(sendEvent, event('SNOOZE'));
    world.put(Timers, armed as Timer);
    assert.equal(outcome(fire(world, replaced)), 'stale');
    assert.equal(world.instance().seq, 1);
    assert.equal(world.get<Timer>(Timers, replaced.id)?.state, 'fired');
  });

  it('does nothing for a timer nobody knows, and marks one whose instance is gone', () => {
    assert.deepEqual(fire(new World(), { id: 'x' }), { result: { outcome: 'stale' } });
    const world = withInstance();
    const reminder = world.timer('reminder');
    world.docs.delete(MachineInstances.name);
    assert.equal(outcome(fire(world, reminder)), 'stale');
    assert.equal(world.get<Timer>(Timers, reminder.id)?.state, 'fired');
  });

  it('marks a timer the machine has no transition for, without a step', () => {
    const world = withInstance();
    const reminder = world.timer('reminder');
    const active = { ...(world.instance().snapshot as object), value: 'active' };
    world.put(MachineInstances, { ...world.instance(), snapshot: active } as unknown as { _id: string });
    assert.deepEqual(fire(world, reminder).result, { outcome: 'fired', changed: false });
    assert.equal(world.instance().seq, 0);
    assert.equal(world.instance().rev, 1);
    assert.equal(world.get<Timer>(Timers, reminder.id)?.state, 'fired');
    assert.throws(() => world.timer('reminder'), /is not armed/u);
  });

  it('marks a timer the chart fails on, and keeps the reason', () => {
    const world = withInstance();
    const reminder = world.timer('reminder');
    world.put(MachineInstances, { ...world.instance(), snapshot: { value: 'nowhere' } } as unknown as { _id: string });
    assert.equal(outcome(fire(world, reminder)), 'failed');
    const row = world.get<Timer>(Timers, reminder.id);
    assert.equal(row?.state, 'fired');
    assert.match(row?.error ?? '', /onboarding failed on REMIND/u);
  });

  describe('where the product cannot run the chart, or lacks what it asks for', () => {
    const later = (states: object): World => {
      const world = new World();
      const row = { type: 'later', version: 1, hash: JSON.stringify(states) };
      const source = JSON.stringify({ access: { create: ['operator'], read: ['owner'] }, initial: 'a', states });
      world.put(MachineTypes, { _id: 'later', current: row } as never);
      world.put(MachineDefinitions, { _id: definitionId('later', 1), ...row, source } as never);
      world.do(createInstance, { ...create, type: 'later', input: {} });
      return world;
    };
    const armed = (world: World): Timer => world.all<Timer>(Timers)[0] ?? assert.fail('there is no timer');
    const waits = (world: World, reason: RegExp): void => {
      const timer = armed(world);
      const input = { timerId: timer._id, instance: 'later.u1' };
      assert.throws(() => world.decide(fireTimer, input, { actor: 'system', origin: `t.${timer._id}` }), reason);
      assert.equal(armed(world).state, 'armed');
      assert.equal(world.get<MachineInstance>(MachineInstances, 'later.u1')?.timers.length, 1);
    };

    it('throws, so that its row comes again and may be redriven: an effect that nobody does yet', () => {
      const after = { P1D: { target: 'b', actions: { type: 'not-there-yet', params: {} } } };
      waits(later({ a: { after }, b: {} }), /not-there-yet, which nobody does/u);
    });

    it('throws: a definition that this version of the product does not understand', () => {
      const world = later({ a: { after: { P1D: 'b' } }, b: {}, here: {} });
      const instance = world.get<MachineInstance>(MachineInstances, 'later.u1') ?? assert.fail('there is none');
      const source = '{"states":{"a":{"newer":true}}}';
      world.put(MachineDefinitions, { _id: definitionId('later', 2), type: 'later', version: 2, source } as never);
      world.put(MachineInstances, { ...instance, version: 2 } as MachineInstance);
      waits(world, /later.*cannot be run/u);
    });

    it('spends the timer of a chart that fails by itself', () => {
      const world = later({ a: { after: { P1D: { target: 'b', guard: 'context.none.deeper' } } }, b: {} });
      const { _id } = armed(world);
      const decision = world.do(fireTimer, { timerId: _id, instance: 'later.u1' }, { actor: 'system' });
      assert.deepEqual([outcome(decision), armed(world).state], ['failed', 'fired']);
    });
  });

  it('has the key of its instance, so that it stands in line with its events', () => {
    const key = instanceId('onboarding', 'u1');
    assert.equal(fireTimer.key({ timerId: 'x', instance: key }), key);
    assert.equal(sendEvent.key(event('X')), key);
    assert.equal(createInstance.key(create), key);
  });
});
