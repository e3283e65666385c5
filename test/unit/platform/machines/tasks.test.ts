// What machines wait for from people, step by step.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { setup } from 'xstate';
import { z } from 'zod';
import type { MachineDefinition } from '#src/platform/machines/definition.ts';
import { advance, create, type Advance } from '#src/platform/machines/instance.ts';

const payload = z.looseObject({});
const approval: MachineDefinition = {
  type: 'approval',
  version: 1,
  machine: setup({}).createMachine({
    id: 'approval',
    initial: 'asked',
    states: {
      asked: { on: { APPROVE: 'done', REJECT: 'revising', LOOK: {}, COMMENT: {}, SERVE: {} } },
      revising: { on: { SUBMIT: 'asked', SERVE: {} } },
      done: { type: 'final' },
    },
  }),
  input: z.unknown(),
  events: {
    APPROVE: { payload, from: ['member', 'role:legal'], task: 'Approve it' },
    REJECT: { payload, from: ['member'], task: 'Say what is missing' },
    SUBMIT: { payload, from: ['owner'], task: 'Mend it' },
    COMMENT: { payload, from: ['member'] },
    LOOK: { payload, from: ['anyone'], task: 'Have a look' },
    SERVE: { payload, from: ['operator'], task: 'Serve it' },
  },
  access: { create: ['operator'], read: ['anyone'] },
  early: 'reject',
  people: () => ({ owner: 'ada', members: ['bo', 'cy'] }),
};

const at = (second: number): Date => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
const cause = (second: number) => ({ eventId: `c.${second}`, actor: 'u1', requestId: 'r', now: at(second) });
const asked = create(approval, { id: 'a1', input: {}, inputHash: '' }, cause(0));

function next({ instance }: Advance, type: string, second: number): Advance {
  const taken = advance(approval, instance, { type }, cause(second));
  assert.ok(taken.accepted);
  return taken;
}

describe('tasks of a machine', () => {
  const members = ['user.bo', 'user.cy'];

  it('are the events with a title that somebody in particular may send where it stands', () => {
    assert.deepEqual(asked.instance.tasks, [
      { event: 'APPROVE', title: 'Approve it', names: [...members, 'role.legal'], since: at(0) },
      { event: 'REJECT', title: 'Say what is missing', names: members, since: at(0) },
    ]);
    assert.deepEqual(asked.instance.taskNames, [...members, 'role.legal']);
  });

  it('keep since when they wait through steps that leave them, and begin anew when they come back', () => {
    const commented = next(asked, 'COMMENT', 1);
    assert.deepEqual(commented.instance.tasks, asked.instance.tasks);
    const rejected = next(commented, 'REJECT', 2);
    assert.deepEqual(rejected.instance.tasks, [
      { event: 'SUBMIT', title: 'Mend it', names: ['user.ada'], since: at(2) },
    ]);
    assert.deepEqual(rejected.instance.taskNames, ['user.ada']);
    assert.equal(next(rejected, 'SUBMIT', 3).instance.tasks?.[0]?.since.getTime(), at(3).getTime());
  });

  it('are none at its end, and none of a fork', () => {
    const { instance } = next(asked, 'APPROVE', 1);
    assert.equal('tasks' in instance || 'taskNames' in instance, false);
    const fork = { ...asked, instance: { ...asked.instance, forkedFrom: { type: 'approval', id: 'a0', seq: 3 } } };
    const { tasks, owner, members: of, readers } = next(fork, 'COMMENT', 1).instance;
    assert.deepEqual([tasks, owner, of, readers], [undefined, null, [], []]);
  });
});
