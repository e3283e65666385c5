// Machines that are made of others: children and effects that are begun, told, stopped and heard of, over HTTP.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { operations } from '#src/platform/commands/operations.ts';
import { workRow } from '#src/platform/commands/plan.ts';
import { DeadLetters, Work } from '#src/platform/commands/work.ts';
import { newId } from '#src/platform/ids.ts';
import { Definer, errorsOf } from '../../support/definer.ts';
import { ask, reach } from '../../support/effects.ts';
import { eventually } from '../../support/eventually.ts';
import { assertPartly } from '../../support/partly.ts';
import { failing, marks, prober } from '../../support/probe-effects.ts';

const grant = (reason: string) => ({ userId: { $cel: 'context.who' }, amount: 5, reason });
const who = { type: 'object', properties: { who: { type: 'string', maxLength: 64 } }, required: ['who'] };
const about = {
  input: who,
  context: { who: { $cel: 'input.who' } },
  owner: { $cel: 'context.who' },
  access: { create: ['operator'], read: ['owner'] },
};

/** Pays in steps; tells its parent half-way; may be hurried by it. */
const payment = {
  ...about,
  context: { ...about.context, hurried: 0 },
  events: { PAY: { from: ['owner'] }, HURRY: { from: ['operator'] } },
  initial: 'due',
  on: { HURRY: { actions: { type: 'set', params: { hurried: { $cel: 'context.hurried + 1' } } } } },
  states: {
    due: { on: { PAY: 'half' }, after: { P1D: 'due' } },
    half: {
      entry: { type: 'sendParent', params: { event: { type: 'HALF', part: { $cel: 'context.hurried' } } } },
      on: { PAY: 'paid' },
    },
    paid: { type: 'final' },
  },
  output: { $cel: "{'hurried': context.hurried}" },
};

const order = {
  ...about,
  context: { ...about.context, half: null, end: null },
  events: {
    PROBE: {
      from: ['operator'],
      payload: { type: 'object', properties: { mark: { type: 'string' } }, required: ['mark'] },
    },
    ...Object.fromEntries(
      ['GO', 'HURRY', 'AGAIN', 'LEAVE', 'BONUS', 'RESET'].map((type) => [type, { from: ['operator'] }]),
    ),
  },
  initial: 'open',
  states: {
    open: { on: { GO: 'paying', BONUS: 'bonus', PROBE: 'probing' } },
    paying: {
      invoke: {
        src: 'payment',
        id: 'pay',
        input: { who: { $cel: 'context.who' } },
        onDone: { target: 'done', actions: { type: 'set', params: { end: { $cel: 'event.output' } } } },
        onError: { target: 'failed', actions: { type: 'set', params: { end: { $cel: 'event.error' } } } },
      },
      on: {
        HALF: { actions: { type: 'set', params: { half: { $cel: 'event.part' } } } },
        HURRY: { actions: { type: 'sendTo', params: { child: 'pay', event: { type: 'HURRY' } } } },
        AGAIN: { target: 'paying', reenter: true },
        LEAVE: 'open',
      },
    },
    bonus: {
      invoke: {
        src: 'effect:grant-xp',
        id: 'xp',
        input: grant('bonus'),
        onDone: { target: 'done', actions: { type: 'set', params: { end: { $cel: 'event.output' } } } },
        onError: { target: 'failed', actions: { type: 'set', params: { end: { $cel: 'event.error' } } } },
      },
      on: { LEAVE: 'open' },
    },
    probing: {
      invoke: {
        src: 'effect:probe',
        id: 'probe',
        input: { mark: { $cel: 'event.mark' } },
        onDone: 'done',
        onError: { target: 'failed', actions: { type: 'set', params: { end: { $cel: 'event.error' } } } },
      },
    },
    done: { on: { RESET: 'open' } },
    failed: { on: { RESET: 'open' } },
  },
};

/** A machine around an order. */
const outer = {
  ...about,
  initial: 'open',
  states: {
    open: {
      invoke: { src: 'order', id: 'inner', input: { who: { $cel: 'context.who' } }, onDone: 'over', onError: 'over' },
    },
    over: { type: 'final' },
  },
};

describe('children of state machines', function () {
  this.timeout(30_000);
  let definer: Definer;

  before(async () => {
    definer = await Definer.start([operations, prober]);
    await definer.registered('payment', payment);
    await definer.registered('order', order);
    await definer.registered('outer', outer);
  });
  after(async () => await definer.stop());

  const made = async (by = definer.buyer.user.id): Promise<string> => {
    const id = newId();
    await definer.create('order', id, { who: by });
    return id;
  };
  const send = async (type: string, id: string, event: string, status = 200): Promise<void> => {
    const reply = await definer.send(type, id, { type: event });
    assert.equal(reply.status, status, reply.text);
  };
  const reaches = async (type: string, id: string, expected: object): Promise<void> =>
    await eventually(async () => assertPartly(await definer.state(type, id), expected), 10_000, 20);
  /** Does something as the product's own rows do. */
  const asProduct = async (kind: string, input: object): Promise<void> => {
    const row = workRow(definer.server.registry, { kind, input, cause: newId() }, { requestId: newId() }, new Date());
    await ask([row]);
    await reach([row], ['done']);
  };
  const childOf = (id: string, generation = 1): string => `order.${id}.pay.${generation}`;

  it('are begun with their parent’s input, know and are known by it, and move it by their end', async () => {
    const id = await made();
    await send('order', id, 'GO');
    const child = childOf(id);
    await reaches('payment', child, {
      value: 'due',
      context: { who: definer.buyer.user.id, hurried: 0 },
      parent: { type: 'order', id, child: 'pay', generation: 1 },
    });
    assertPartly(await definer.state('order', id), {
      children: [{ id: 'pay', type: 'payment', instance: child, generation: 1, status: 'active' }],
    });
    await send('order', id, 'HURRY');
    await reaches('payment', child, { context: { hurried: 1 } });
    const paid = await definer.send('payment', child, { type: 'PAY' }, definer.buyer);
    assert.equal(paid.status, 200, 'it is its own owner’s');
    await reaches('order', id, { value: 'paying', context: { half: 1 } });
    await send('payment', child, 'PAY');
    await reaches('order', id, { value: 'done', context: { end: { hurried: 1 } }, children: [] });
    const history = await definer.call('GET', `/api/state-machines/order/${id}/history`);
    assertPartly(history.body, { chain: 'intact' });
    assert.deepEqual(
      (history.body as { data: { event: { type: string } }[] }).data.map(({ event }) => event.type),
      ['created', 'GO', 'HURRY', 'HALF', 'done.pay'],
    );
  });

  it('have ids that nobody else may take before them', async () => {
    const id = await made();
    const input = { who: definer.buyer.user.id };
    for (const taken of [childOf(id), `order.${id}.with.dots.pay.2`, `${'0a'.repeat(20)}.pay.1`]) {
      const reply = await definer.call('POST', '/api/state-machines/create', { type: 'payment', id: taken, input });
      assert.equal(reply.status, 422, taken);
      assert.deepEqual(errorsOf(reply), [['/body/id', 'reserved']]);
      const fork = await definer.call('POST', `/api/state-machines/order/${id}/fork`, { atSeq: 0, id: taken });
      assert.deepEqual([fork.status, ...errorsOf(fork).map(([pointer]) => pointer)], [422, '/body/id']);
    }
    const row = { type: 'payment', id: childOf(id), input };
    const created = workRow(
      definer.server.registry,
      { kind: 'state-machine.instance.create', input: row, cause: newId() },
      { requestId: newId() },
      new Date(),
    );
    await ask([created]);
    await reach([created], ['refused']);
    for (const free of ['2026.11.30', `lease.7`, `order.${newId()}.pay`, `1.order.pay.1`]) {
      await definer.create('payment', free, input);
    }
    await send('order', id, 'GO');
    await reaches('payment', childOf(id), { value: 'due', parent: { type: 'order', id } });
  });

  it('are stopped when their parent leaves, with their timers; what an earlier life says is not heard', async () => {
    const id = await made();
    await send('order', id, 'GO');
    await reaches('payment', childOf(id), { value: 'due' });
    await send('order', id, 'AGAIN');
    await reaches('payment', childOf(id), { status: 'stopped', timers: [], accepts: [] });
    await reaches('payment', childOf(id, 2), { value: 'due' });
    const late = { type: 'order', id, event: { type: 'HALF', part: 9 }, from: { id: 'pay', generation: 1 } };
    await asProduct('state-machine.event.send', late);
    const stale = { instance: `order.${id}`, child: { id: 'pay', generation: 1 }, outcome: 'done', output: {} };
    await asProduct('state-machine.child.end', stale);
    assertPartly(await definer.state('order', id), { value: 'paying', context: { half: null } });
    await send('order', id, 'LEAVE');
    await reaches('payment', childOf(id, 2), { status: 'stopped' });
    assertPartly(await definer.state('order', id), { value: 'open', children: [] });
  });

  it('that cannot be begun fail their parent', async () => {
    const pay = { ...order.states.paying.invoke, input: { nobody: 1 } };
    await definer.registered('misfit', { ...order, states: { ...order.states, paying: { invoke: pay } } });
    await definer.create('misfit', 'x', { who: definer.buyer.user.id });
    await send('misfit', 'x', 'GO');
    await reaches('misfit', 'x', { value: 'failed', context: { end: { code: 'request.invalid' } } });
  });

  it('that are machines of machines end with the outermost one', async () => {
    const id = newId();
    await definer.create('outer', id, { who: definer.buyer.user.id });
    const inner = `outer.${id}.inner.1`;
    await reaches('order', inner, { value: 'open' });
    await send('order', inner, 'GO');
    const innermost = `order.${inner}.pay.1`;
    await reaches('payment', innermost, { value: 'due' });
    const reply = await definer.call('POST', `/api/state-machines/outer/${id}/cancel`, {});
    assert.equal(reply.status, 200, reply.text);
    await reaches('order', inner, { status: 'stopped' });
    await reaches('payment', innermost, { status: 'stopped' });
    assertPartly(await definer.state('outer', id), { status: 'stopped', value: 'open', children: [] });
  });

  it('that are cancelled by somebody fail their parent', async () => {
    const id = await made();
    await send('order', id, 'GO');
    await reaches('payment', childOf(id), { value: 'due' });
    await definer.call('POST', `/api/state-machines/payment/${childOf(id)}/cancel`, {});
    await reaches('order', id, { value: 'failed', context: { end: { code: 'state-machine.stopped' } } });
  });

  it('may be sent something before they are there: it comes again, and what gave up is taken when it is redriven', async () => {
    const id = newId();
    const input = { type: 'order', id, event: { type: 'GO' } };
    const draft = { kind: 'state-machine.event.send', input, cause: newId() };
    const signal = workRow(definer.server.registry, draft, { requestId: newId() }, new Date());
    await ask([signal]);
    await reach([signal], ['dead']);
    await definer.create('order', id, { who: definer.buyer.user.id });
    await definer.call('POST', '/api/dead-letters/redrive', { ids: [signal._id] });
    await reach([signal], ['done']);
    await reaches('order', id, { value: 'paying', seq: 1 });
  });

  it('that are effects move their parent by what they come to, or by their no', async () => {
    const id = await made();
    await send('order', id, 'BONUS');
    await reaches('order', id, { value: 'done', context: { end: { userId: definer.buyer.user.id } } });
    const xp = await definer.call('GET', `/api/gamification/xp/${definer.buyer.user.id}`);
    assertPartly(xp.body, { xp: 5 });
    const nobody = await made('nobody');
    await send('order', nobody, 'BONUS');
    await reaches('order', nobody, { value: 'failed', context: { end: { code: 'gamification.user-unknown' } } });
    const history = await definer.call('GET', `/api/state-machines/order/${nobody}/history`);
    assertPartly(history.body, {
      data: [{}, { effects: [{ name: 'grant-xp', child: { id: 'xp' }, work: { state: 'refused' } }] }],
    });
  });

  it('that are effects and gave up fail their parent once; their redrive is done, and changes nothing there', async () => {
    const id = await made();
    failing.add(id);
    await definer.send('order', id, { type: 'PROBE', mark: id });
    await reaches('order', id, { value: 'failed', context: { end: { code: 'operation.gave-up' } } });
    failing.delete(id);
    const letter = await DeadLetters.native().findOne({ kind: 'prober.probe.do', key: id });
    await definer.call('POST', '/api/dead-letters/redrive', { ids: [letter?._id] });
    await eventually(async () => {
      const told = await Work.native()
        .find({ kind: 'state-machine.child.end', 'input.instance': `order.${id}` })
        .sort({ _id: 1 })
        .toArray();
      assert.deepEqual(
        told.map(({ result }) => (result as { outcome: string } | undefined)?.outcome),
        ['taken', 'stale'],
      );
    });
    assert.deepEqual(await marks(id), [id]);
    assertPartly(await definer.state('order', id), { value: 'failed', seq: 2 });
  });
});
