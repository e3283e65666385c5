// Machines that go on running on another version: what it would mean, and what becomes of state, context and timers.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { compileDefinition, parseDefinition } from '#src/platform/machines/data/data.ts';
import { advance, create } from '#src/platform/machines/instance.ts';
import { MachineInstances, Timers, Transitions } from '#src/platform/machines/store.ts';
import { verifyMachines } from '#src/platform/machines/verify.ts';
import { Definer, definitions } from '../../support/definer.ts';
import { eventually } from '../../support/eventually.ts';
import { problemOf, type Reply } from '../../support/http.ts';
import { orderOf, packedOrderOf } from '../../support/orders.ts';
import { assertPartly } from '../../support/partly.ts';

describe('machines and other versions', function () {
  this.timeout(30_000);
  let definer: Definer;

  before(async () => {
    definer = await Definer.start();
  });
  after(async () => {
    await definer.stop();
  });

  const pay = async (type: string, id: string, amount: number): Promise<void> => {
    const reply = await definer.send(type, id, { type: 'PAY', amount }, definer.buyer);
    assert.equal(reply.status, 200, reply.text);
  };
  /** Orders of version 1: one that is open, two that are paid, one that was shipped; and version 2. */
  const orders = async (type: string): Promise<void> => {
    await definer.registered(type, orderOf(type));
    for (const id of ['open', 'paid', 'paid-too', 'shipped']) {
      await definer.create(type, id);
    }
    assert.equal((await definer.send(type, 'open', { type: 'RUSH' }, definer.buyer)).status, 200);
    await pay(type, 'paid', 12);
    await pay(type, 'paid-too', 20);
    await pay(type, 'shipped', 10);
    assert.equal((await definer.send(type, 'shipped', { type: 'SHIP' })).status, 200);
    assert.equal(await definer.registered(type, packedOrderOf(type)), 2);
  };
  const impact = async (type: string, body: object = {}): Promise<Reply> =>
    await definer.call('POST', `${definitions}/${type}/versions/2/impact`, body);
  const migrate = async (type: string, body: object, version = 2): Promise<Reply> =>
    await definer.call('POST', `${definitions}/${type}/versions/${version}/migrate`, body);
  /** Where a migration ends, read at its own address. */
  const ended = async (begun: Reply): Promise<unknown> => {
    assert.equal(begun.status, 201, begun.text);
    const { id, type } = begun.body as { id: string; type: string };
    return await eventually(async () => {
      const { body } = await definer.call('GET', `${definitions}/${type}/migrations/${id}`);
      assert.equal((body as { state: string }).state, 'done');
      return body;
    });
  };
  const timersOf = async (instance: string) =>
    (await Timers.native().find({ instance }).sort({ _id: 1 }).toArray()).map(({ _id, state, dueAt, sendId }) => ({
      _id,
      state,
      dueAt,
      sendId,
    }));

  it('are told what a version would have made of them, by playing their histories', async () => {
    await orders('played');
    const { status, body } = await impact('played');
    assert.equal(status, 200);
    assertPartly(body, { type: 'played', version: 2, examined: 3, next: null });
    const { table, examples } = body as { table: object[]; examples: { id: string }[] };
    assert.deepEqual(table, [
      { from: 'paid', to: 'packed', outcome: 'state-missing', count: 2 },
      { from: 'open', to: 'packed', outcome: 'differs', count: 1 },
    ]);
    assertPartly(
      examples.find(({ id }) => id === 'open'),
      { version: 1, stands: { value: 'open', status: 'active' }, would: { value: 'packed', status: 'active' } },
    );
  });

  it('are forked at the step that moved them, and after it', async () => {
    await orders('forked');
    await ended(await migrate('forked', { from: 1, states: { paid: 'packed' }, filter: { state: 'paid' } }));
    assert.equal((await definer.send('forked', 'paid', { type: 'SHIP' })).status, 200);
    const fork = async (atSeq: number): Promise<Reply> =>
      await definer.call('POST', '/api/state-machines/forked/paid/fork', {
        atSeq,
        id: `at-${atSeq}`,
        timers: 'restart',
      });
    const expected = { 1: ['paid', 1, 1], 2: ['packed', 2, 1], 3: ['shipped', 2, 0] };
    for (const [seq, stands] of Object.entries(expected)) {
      const { status, body, text } = await fork(Number(seq));
      assert.equal(status, 201, text);
      const { value, version, timers } = body as { value: unknown; version: unknown; timers: unknown[] };
      assert.deepEqual([value, version, timers.length], stands, seq);
    }
  });

  it('are told page by page', async () => {
    await orders('paged');
    const first = await impact('paged', { limit: 2 });
    const { next } = first.body as { next: string | null };
    assertPartly(first.body, { examined: 2 });
    assertPartly((await impact('paged', { limit: 2, cursor: next })).body, { examined: 1, next: null });
    assert.equal((await impact('paged', { limit: 2, cursor: next, from: 1 })).status, 422, 'a cursor of another list');
    assert.equal((await impact('paged', { limit: 201 })).status, 422);
    assert.equal((await definer.call('POST', `${definitions}/paged/versions/3/impact`, {})).status, 404);
  });

  it('are judged as many as one request may, and it is said where that would take too long', async () => {
    const idle = (more: object) => ({
      events: { GO: { from: ['owner'] } },
      initial: 'idle',
      states: { idle: { on: { GO: { actions: { type: 'log', params: {} } } }, ...more } },
    });
    await definer.registered('ticking', idle({}));
    await definer.registered('ticking', idle({ after: { PT1S: { target: 'idle', reenter: true } } }));
    const first = compileDefinition(parseDefinition(idle({})), { type: 'ticking', version: 1 });
    const made = Array.from({ length: 7 }, (_, index) => {
      const cause = { actor: 'system', requestId: 'r' };
      const born = { id: `t${index}`, input: {}, inputHash: '' };
      const begun = create(first, born, { ...cause, eventId: 'c.1', now: new Date('2026-01-01T00:00:00.000Z') });
      const now = new Date('2026-01-02T00:00:00.000Z');
      const later = advance(first, begun.instance, { type: 'GO' }, { ...cause, eventId: 'c.2', now });
      assert.ok(later.accepted);
      return { instance: later.instance, steps: [begun.transition, later.transition] };
    });
    await MachineInstances.native().insertMany(made.map(({ instance }) => instance));
    await Transitions.native().insertMany(made.flatMap(({ steps }) => steps));
    const examined: number[] = [];
    let body: object = {};
    for (let cursor: string | null = ''; cursor !== null; body = { cursor }) {
      const page = (await impact('ticking', body)).body as { examined: number; table: object[]; next: string | null };
      const count = page.examined;
      assert.deepEqual(page.table, [{ from: 'idle', to: null, outcome: 'too-long', count }]);
      examined.push(count);
      cursor = page.next;
    }
    assert.ok(Math.max(...examined) <= 5, `${examined.join()} in one request`);
    assert.equal(
      examined.reduce((sum, count) => sum + count, 0),
      7,
    );
  });

  it('are moved with their timers kept, each in a step of its history', async () => {
    await orders('moved');
    const before = await timersOf('moved.paid');
    const begun = await migrate('moved', { from: 1, states: { paid: 'packed' } });
    assertPartly(await ended(begun), {
      type: 'moved',
      from: 1,
      to: 2,
      instances: 3,
      migrated: 3,
      refused: 0,
      failed: 0,
    });
    assertPartly(await definer.state('moved', 'paid'), { version: 2, seq: 2, value: 'packed', context: { paid: 12 } });
    assertPartly(await definer.state('moved', 'open'), { version: 2, seq: 2, value: 'open' });
    assertPartly(await definer.state('moved', 'shipped'), { version: 1, value: 'shipped' });
    const armed = (await timersOf('moved.paid')).filter(({ state }) => state === 'armed');
    const was = before.find(({ state }) => state === 'armed');
    assert.deepEqual(
      armed.map(({ _id, dueAt }) => ({ _id, dueAt })),
      [{ _id: was?._id, dueAt: was?.dueAt }],
    );
    const step = await Transitions.native().findOne({ instance: 'moved.paid', seq: 2 });
    assertPartly(step, {
      event: { type: 'migrated', from: 1, to: 2 },
      actor: definer.admin.user.id,
      from: 'paid',
      to: 'packed',
      version: 2,
    });
    const verified = await definer.call('GET', '/api/state-machines/moved/paid/verify');
    assertPartly(verified.body, { chain: 'intact', steps: 3 });
    // And the timer that was kept goes off on the new version.
    await definer.overdue('moved', 'paid');
    await eventually(async () => {
      assertPartly(await definer.state('moved', 'paid'), { seq: 3, value: 'packed', timers: [] });
    });
    assertPartly((await definer.send('moved', 'paid', { type: 'SHIP' })).body, { value: 'shipped', status: 'done' });
    await pay('moved', 'open', 5);
    assertPartly(await definer.state('moved', 'open'), { value: 'packed' });
  });

  it('may have timers restarted and dropped, and their context changed', async () => {
    await orders('timed');
    const [{ name }] = ((await definer.state('timed', 'paid')) as { timers: [{ name: string }] }).timers;
    const plan = { from: 1, states: { paid: 'packed' }, context: { paid: { $cel: 'context.paid * 100' } } };
    const restarted = { ...plan, timers: { [name]: 'restart' }, filter: { ids: ['paid'] } };
    const before = await timersOf('timed.paid');
    assertPartly(await ended(await migrate('timed', restarted)), { instances: 1, migrated: 1 });
    assertPartly(await definer.state('timed', 'paid'), { version: 2, context: { paid: 1_200 } });
    const afterwards = await timersOf('timed.paid');
    assert.deepEqual(
      afterwards.filter(({ _id }) => before.some((one) => one._id === _id)).map(({ state }) => state),
      ['cancelled', 'cancelled'],
    );
    assert.equal(afterwards.filter(({ state }) => state === 'armed').length, 1);
    const dropped = { ...plan, timers: { [name]: 'drop' }, filter: { state: 'paid' } };
    assertPartly(await ended(await migrate('timed', dropped)), { instances: 1, migrated: 1 });
    assertPartly(await definer.state('timed', 'paid-too'), { value: 'packed', timers: [], context: { paid: 2_000 } });
  });

  it('stay where they are, with the reason, where the plan does not say where they belong', async () => {
    await orders('refused');
    const dry = await migrate('refused', { from: 1, dryRun: true });
    assert.equal(dry.status, 200, dry.text);
    const expected = { instances: 3, migrated: 1, refused: 2, reasons: [{ code: 'state-missing', count: 2 }] };
    assertPartly(dry.body, { id: null, state: 'dry', ...expected });
    assert.equal(((await definer.state('refused', 'open')) as { version: number }).version, 1);
    const body = await ended(await migrate('refused', { from: 1 }));
    assertPartly(body, { ...expected, examples: [{ id: 'paid', reasons: [{ code: 'state-missing' }] }] });
    assertPartly(await definer.state('refused', 'paid'), { version: 1, seq: 1, value: 'paid' });
    const live = await definer.call('POST', `${definitions}/refused/versions/1/retire`);
    assert.equal((live.body as { live: number }).live, 2);
  });

  it('come back by a migration the other way', async () => {
    await orders('back');
    await ended(await migrate('back', { from: 1, states: { paid: 'packed' } }));
    await ended(await migrate('back', { from: 2, states: { packed: 'paid' } }, 1));
    assertPartly(await definer.state('back', 'paid'), { version: 1, seq: 3, value: 'paid', context: { paid: 12 } });
    const armed = await Timers.native().countDocuments({ instance: 'back.paid', state: 'armed' });
    assert.equal(armed, 1);
    assertPartly((await definer.send('back', 'paid', { type: 'SHIP' })).body, { value: 'shipped' });
  });

  it('are moved once, however often the request is sent, in as many requests as they are', async () => {
    await orders('once');
    const headers = { 'idempotency-key': 'the-migration' };
    const call = { token: definer.admin.accessToken, headers, body: { from: 1, states: { paid: 'packed' }, limit: 2 } };
    const path = `${definitions}/once/versions/2/migrate`;
    const first = await definer.server.call('POST', path, call);
    await ended(first);
    const again = await definer.server.call('POST', path, call);
    assert.deepEqual([again.status, again.body], [201, first.body]);
    assert.equal(await MachineInstances.native().countDocuments({ type: 'once', version: 2 }), 2);
    const { next } = first.body as { next: string };
    assertPartly(await ended(await migrate('once', { from: 1, states: { paid: 'packed' }, cursor: next })), {
      instances: 1,
      migrated: 1,
      next: null,
    });
    assert.equal(await Transitions.native().countDocuments({ instance: 'once.open', 'event.type': 'migrated' }), 1);
  });

  it('are whole afterwards: their chains, and the timers that will go off', async () => {
    await orders('whole');
    await ended(await migrate('whole', { from: 1, states: { paid: 'packed' } }));
    await ended(await migrate('whole', { from: 2, states: { packed: 'paid' } }, 1));
    const broken: unknown[] = [];
    await verifyMachines({ onBroken: (machine) => broken.push(machine), onProgress: () => undefined });
    assert.deepEqual(broken, []);
  });

  it('are not moved to drafts, to retired versions, to where they are or to nowhere', async () => {
    await definer.registered('targets', orderOf('targets'));
    await definer.registered('targets', packedOrderOf('targets'), { activate: false });
    for (const [from, to, code] of [
      [1, 2, 'state-machine.not-a-target'],
      [1, 1, 'state-machine.not-a-target'],
      [1, 3, 'state-machine.definition-not-found'],
      [4, 1, 'state-machine.definition-not-found'],
    ] as const) {
      assert.equal(problemOf(await migrate('targets', { from }, to)).code, code, `${from} to ${to}`);
    }
    assert.equal((await migrate('targets', { from: 1, states: { a: 'b c' } })).status, 422);
    assert.equal((await migrate('targets', { from: 1, limit: 501 })).status, 422);
    const nowhere = await definer.call('GET', `${definitions}/targets/migrations/nothing`);
    assert.equal(problemOf(nowhere).code, 'state-machine.migration-not-found');
  });
});
