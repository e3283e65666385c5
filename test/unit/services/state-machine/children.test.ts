// What a step asks of a machine's children and its parent: rows, in the order they have to be done in.
import assert from 'node:assert/strict';
import { sendParent, sendTo, spawnChild, stopChild } from 'xstate';
import { describe, it } from 'mocha';
import { MachineFault } from '#src/platform/machines/fault.ts';
import type { ParentLink } from '#src/platform/machines/store.ts';
import { childKey } from '#src/services/state-machine/children/children.workflow.ts';
import '#src/services/gamification/gamification.effects.ts';
import { chart, Story } from './stories.ts';

const waiting = chart({
  id: 'order',
  initial: 'open',
  states: {
    open: { on: { PAY: 'paying', BOTH: 'both' } },
    paying: {
      invoke: { src: 'payment', id: 'pay', input: { amount: 5 }, onDone: 'paid', onError: 'failed' },
      on: {
        HURRY: { actions: sendTo('pay', { type: 'HURRY', by: 1 }) },
        GIVE_UP: 'open',
        AGAIN: { target: 'paying', reenter: true },
      },
    },
    both: {
      invoke: [
        { src: 'payment', id: 'pay' },
        { src: 'effect:grant-xp', id: 'xp', input: { userId: 'u1', amount: 5, reason: 'Paid' }, onDone: 'paid' },
      ],
      on: { GIVE_UP: 'open' },
    },
    failed: {},
    paid: { type: 'final' },
  },
});
const nameIn = (input: unknown): unknown => (input as { id?: string }).id ?? (input as { instance?: string }).instance;
const parent: ParentLink = { instance: 'order.o1', child: { id: 'pay', generation: 1 } };

describe('children of a machine', () => {
  it('are begun as instances of their own, whose failure to begin the parent hears of', () => {
    const { work, instance } = new Story(waiting).send('PAY');
    const link = { instance: 'order.k1', child: { id: 'pay', generation: 1 } };
    assert.deepEqual(work, [
      {
        kind: 'state-machine.instance.create',
        input: { type: 'payment', id: 'order.k1.pay.1', input: { amount: 5 }, parent: link },
        cause: 'e.order.k1-1-c0',
        tell: { kind: 'state-machine.child.end', input: link, only: 'failure' },
      },
    ]);
    assert.equal(instance.value, 'paying');
  });

  it('are told things, and stopped with the state that waits for them; the next life has another name', () => {
    const story = new Story(waiting).send('PAY').send('HURRY');
    assert.deepEqual(story.work, [
      {
        kind: 'state-machine.event.send',
        input: { type: 'payment', id: 'order.k1.pay.1', event: { type: 'HURRY', by: 1 }, from: 'parent' },
        cause: 'e.order.k1-2-m0',
      },
    ]);
    story.send('AGAIN');
    assert.deepEqual(
      story.work.map(({ kind, input }) => [kind, nameIn(input)]),
      [
        ['state-machine.instance.create', 'order.k1.pay.2'],
        ['state-machine.child.stop', 'payment.order.k1.pay.1'],
      ],
    );
    const undo = story.send('GIVE_UP').work.map(({ input }) => (input as { undo: boolean }).undo);
    assert.deepEqual(undo, [false]);
  });

  it('that are effects become their work row, which tells how it ended; nobody stops it', () => {
    const story = new Story(waiting).send('BOTH');
    const [effect, create] = story.work;
    assert.equal(create?.kind, 'state-machine.instance.create');
    assert.deepEqual(effect?.tell, {
      kind: 'state-machine.child.end',
      input: { instance: 'order.k1', child: { id: 'xp', generation: 1 } },
    });
    assert.deepEqual([effect?.kind, effect?.cause], ['gamification.xp.add', 'e.order.k1-1-0']);
    assert.deepEqual(story.transitions.at(-1)?.effects, [
      { name: 'grant-xp', params: { userId: 'u1', amount: 5, reason: 'Paid' }, child: { id: 'xp', generation: 1 } },
    ]);
    assert.deepEqual(story.send('GIVE_UP').kinds(), ['state-machine.child.stop']);
  });

  it('move their parent by their end, which is in its history; the other children are stopped when it ends', () => {
    const story = new Story(waiting).send('BOTH').end({ id: 'xp', generation: 1 }, { output: { xp: 5 } });
    assert.deepEqual([story.instance.status, story.kinds()], ['done', ['state-machine.child.stop']]);
    assert.deepEqual(story.transitions.at(-1)?.event, {
      type: 'done.xp',
      child: { id: 'xp', generation: 1 },
      output: { xp: 5 },
    });
    const failed = new Story(waiting).send('PAY').end({ id: 'pay', generation: 1 }, { error: { code: 'no' } });
    assert.deepEqual([failed.instance.value, failed.transitions.at(-1)?.event.type], ['failed', 'error.pay']);
    assert.throws(
      () => new Story(waiting).send('PAY').end({ id: 'pay', generation: 2 }, { output: null }),
      /not accepted/u,
    );
  });

  it('tell their parent how they ended, but not when it was the parent that ended them', () => {
    const done = new Story(
      chart({
        id: 'pay',
        type: 'final',
        output: 7,
        initial: 'a',
        states: { a: { type: 'final' } },
      }),
      {},
      { parent },
    );
    const end = done.work.at(-1);
    assert.deepEqual([end?.kind, end?.cause], ['state-machine.child.end', 'e.pay.k1-0-end']);
    assert.deepEqual(end?.input, { instance: 'order.o1', child: parent.child, outcome: 'done', output: 7 });
    const cancelled = new Story(waiting, {}, { parent }).cancel();
    assert.deepEqual((cancelled.work[0]?.input as { error: object } | undefined)?.error, {
      code: 'state-machine.stopped',
      detail: 'order.k1 was cancelled',
    });
    assert.deepEqual(new Story(waiting, {}, { parent }).cancel('@stop').work, []);
  });

  it('speak to their parent as the life they are, and to nobody where there is none', () => {
    const speaking = chart({
      id: 'pay',
      on: { SAY: { actions: sendParent({ type: 'HALF', part: 1 }) } },
    });
    assert.deepEqual(new Story(speaking, {}, { parent }).send('SAY').work, [
      {
        kind: 'state-machine.event.send',
        input: { type: 'order', id: 'o1', event: { type: 'HALF', part: 1 }, from: { id: 'pay', generation: 1 } },
        cause: 'e.pay.k1-1-p0',
      },
    ]);
    assert.deepEqual(new Story(speaking).send('SAY').work, []);
  });

  it('undo what they did where their parent is cancelled', () => {
    const { work, instance, transitions } = new Story(waiting).send('PAY').cancel();
    assert.deepEqual(
      work.map(({ kind, input }) => [kind, (input as { undo?: boolean }).undo]),
      [['state-machine.child.stop', true]],
    );
    assert.deepEqual([instance.status, instance.timers], ['stopped', []]);
    assert.deepEqual(transitions.at(-1)?.effects, [{ name: 'compensate', params: {} }]);
    assert.throws(() => new Story(waiting).cancel().cancel(), /not accepted/u);
  });

  it('have keys that tell machines of other types and lives apart, however long their parent’s is', () => {
    const ref = { id: 'pay', generation: 1 };
    const keys = [childKey('a.k', ref), childKey('b.k', ref), childKey('a.k', { ...ref, generation: 2 })];
    assert.equal(new Set(keys).size, 3);
    const [long, other] = ['x', 'y'].map((end) => childKey(`order.${'k'.repeat(127)}${end}`, ref));
    assert.ok(long && long.length < 128 && long !== other && long.endsWith('.pay.1'));
  });

  it('are refused where they cannot be: of no type, with input that is no object, an effect that is told something', () => {
    const refused = [
      chart({ id: 'm', on: { GO: { actions: spawnChild('no type', { id: 'x' }) } } }),
      chart({
        id: 'm',
        on: { GO: { actions: spawnChild('payment', { id: 'x', input: [1] }) } },
      }),
      chart({ id: 'm', on: { GO: { actions: spawnChild('effect:unheard', { id: 'x' }) } } }),
      chart({ id: 'm', on: { GO: { actions: spawnChild('effect:signal', { id: 'x' }) } } }),
      chart({
        id: 'm',
        invoke: { src: 'effect:grant-xp', id: 'x', input: { userId: 'u1', amount: 1, reason: 'x' } },
        on: { GO: { actions: sendTo('x', { type: 'HURRY' }) } },
      }),
    ];
    for (const machine of refused) {
      assert.throws(() => new Story(machine).send('GO'), MachineFault);
    }
    const stopping = chart({
      id: 'm',
      on: { GO: { actions: [spawnChild('payment', { id: 'x' }), stopChild('x')] } },
    });
    assert.deepEqual(new Story(stopping).send('GO').work, []);
  });
});
