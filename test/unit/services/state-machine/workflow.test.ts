// What a chart's effects become, and what it may not ask for.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import '#src/services/user/user.events.ts';
import type { MachineDefinition } from '#src/platform/machines/definition.ts';
import { MachineFault } from '#src/platform/machines/fault.ts';
import type { Advance } from '#src/platform/machines/instance.ts';
import type { Json } from '#src/platform/machines/json.ts';
import type { Effect } from '#src/platform/machines/kernel.ts';
import type { MachineInstance, Transition } from '#src/platform/machines/store.ts';
import { onboarding } from '#machines/onboarding.machine.ts';
import { consequencesOf } from '#src/services/state-machine/state-machine.workflow.ts';

const definition: MachineDefinition = onboarding;

function consequences(effects: readonly Effect[], owner: string | null = 'u1', by = definition, reads?: string) {
  const readers = [reads ?? `user.${owner}`];
  const instance = {
    _id: 'onboarding.u1',
    type: 'onboarding',
    key: 'u1',
    owner,
    readers,
  } as unknown as MachineInstance;
  const transition = {
    instance: 'onboarding.u1',
    seq: 4,
    event: { type: 'GO' },
    from: 'a',
    to: 'b',
    status: 'active',
    changed: true,
    effects,
  };
  const step = { spawns: [], sends: [], stops: [], status: 'active' };
  const advance = { instance, transition: transition as unknown as Transition, step, children: new Map() };
  return consequencesOf(by, advance as unknown as Advance);
}

describe('the effects of a machine', () => {
  it('tell everybody of the step, the owner only where there is one who may read', () => {
    assert.deepEqual(consequences([]).events[0]?.audience, ['machine.onboarding.u1', 'user.u1']);
    assert.deepEqual(consequences([], null).events[0]?.audience, ['machine.onboarding.u1']);
    const heard = (reads: string) => consequences([], 'u1', definition, reads).events[0]?.audience;
    assert.deepEqual(heard('user.u2'), ['machine.onboarding.u1']);
    assert.deepEqual(heard('anyone'), ['machine.onboarding.u1', 'user.u1']);
    assert.deepEqual(consequences([]).events[0]?.data, {
      type: 'onboarding',
      id: 'u1',
      seq: 4,
      event: 'GO',
      from: 'a',
      to: 'b',
      status: 'active',
      changed: true,
    });
  });

  it('emit events of the machine’s own', () => {
    const { events } = consequences([
      { name: 'emit', params: { type: 'onboarding.reminded', data: { userId: 'u1' } } },
    ]);
    assert.deepEqual(events[1], {
      type: 'onboarding.reminded',
      data: { userId: 'u1' },
      subject: 'machine.onboarding.u1',
      audience: ['machine.onboarding.u1', 'user.u1'],
    });
  });

  it('signal other machines by a command that one step makes once', () => {
    const signal = { name: 'signal', params: { type: 'venture', id: 'v1', event: { type: 'READY', by: 'u1' } } };
    const { events, work } = consequences([signal, signal]);
    assert.equal(events.length, 1);
    assert.deepEqual(work, [
      { kind: 'state-machine.event.send', input: signal.params, cause: 'e.onboarding.u1-4-0' },
      { kind: 'state-machine.event.send', input: signal.params, cause: 'e.onboarding.u1-4-1' },
    ]);
  });

  it('emit whatever begins with the name of a machine that is data, in bounds', () => {
    const order = { ...definition, type: 'order' };
    const emit = (type: string, data: object): unknown =>
      consequences([{ name: 'emit', params: { type, data } as Json }], null, order).events[1]?.data;
    assert.deepEqual(emit('order.shipped.late', { by: { van: 3 } }), { by: { van: 3 } });
    for (const type of ['orders.shipped', 'order', 'order.', 'order.a b', 'order.a.b.c.d', 'xp.added']) {
      assert.throws(() => emit(type, {}), MachineFault, type);
    }
    assert.throws(() => emit('order.shipped', { text: 'x'.repeat(8_192) }), MachineFault);
    const user = { ...definition, type: 'user' };
    const forged = { name: 'emit', params: { type: 'user.registered', data: { userId: 'u1', name: 'A' } } };
    assert.throws(() => consequences([forged], null, user), MachineFault, 'an event of the product');
  });

  const refused: readonly [string, Effect][] = [
    [
      'an event of somebody else',
      { name: 'emit', params: { type: 'user.registered', data: { userId: 'u1', name: 'A' } } },
    ],
    ['an event nobody defined', { name: 'emit', params: { type: 'onboarding.unheard', data: {} } }],
    ['an event with data of another shape', { name: 'emit', params: { type: 'onboarding.reminded', data: {} } }],
    ['an emit without a type', { name: 'emit', params: {} }],
    ['a signal of the runtime', { name: 'signal', params: { type: 'v', id: '1', event: { type: 'xstate.stop' } } }],
    ['an effect nobody does', { name: 'launch', params: {} }],
  ];
  for (const [what, effect] of refused) {
    it(`are refused: ${what}`, () => {
      assert.throws(() => consequences([effect]), MachineFault);
    });
  }
});
