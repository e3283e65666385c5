// Cancelling, undoing, early and delayed events of machines, over HTTP.
import assert from 'node:assert/strict';
import mongoose from 'mongoose';
import { after, before, describe, it } from 'mocha';
import { workOwner } from '#src/platform/commands/drain-work.ts';
import { operations } from '#src/platform/commands/operations.ts';
import type { Owner } from '#src/platform/commands/owner.ts';
import { DeadLetters, Work } from '#src/platform/commands/work.ts';
import { newId } from '#src/platform/ids.ts';
import { MachineInstances, Timers } from '#src/platform/machines/store.ts';
import { schedulesOver } from '#src/platform/schedules/service.ts';
import { stateMachineService } from '#src/services/state-machine/index.ts';
import { logIn, registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { Definer } from '../../support/definer.ts';
import { eventually } from '../../support/eventually.ts';
import type { Reply } from '../../support/http.ts';
import { assertPartly } from '../../support/partly.ts';
import { failing, marks, prober, refusing } from '../../support/probe-effects.ts';

const mark = (nth: number) => ({ type: 'probe', params: { mark: { $cel: `context.mark + '-${nth}'` } } });
const events = (names: readonly string[], more: object = {}) =>
  Object.fromEntries(names.map((name) => [name, { from: ['owner'], ...more }]));

/** Leaves marks that can be undone; its owner may cancel it. */
const trip = {
  input: {
    type: 'object',
    properties: { who: { type: 'string' }, mark: { type: 'string' } },
    required: ['who', 'mark'],
  },
  context: { who: { $cel: 'input.who' }, mark: { $cel: 'input.mark' }, seen: [] },
  owner: { $cel: 'context.who' },
  access: { create: ['operator'], read: ['owner', 'role:moderator'], cancel: ['owner'] },
  events: events(['BOOK', 'UNDO', 'END']),
  initial: 'planned',
  states: {
    planned: { on: { BOOK: { target: 'booked', actions: [mark(1), mark(2)] } }, after: { P1D: 'over' } },
    booked: {
      on: { BOOK: { actions: mark(3) }, UNDO: { actions: 'compensate' }, END: 'over' },
      after: { P2D: 'over' },
    },
    over: { type: 'final' },
  },
};

/** Each event at one place alone, kept where it comes early; `NOTE` is ignored, `NOW` refused. */
const way = {
  ...trip,
  events: {
    ...events(['A', 'B', 'C'], { payload: { type: 'object', properties: { n: { type: 'integer' } } } }),
    ...events(['NOTE'], { early: 'ignore' }),
    ...events(['NOW'], { early: 'reject' }),
  },
  early: 'defer',
  initial: 'a',
  states: {
    a: { on: { A: 'b' } },
    b: { on: { B: { target: 'c', actions: { type: 'set', params: { seen: { $cel: 'context.seen + [event.n]' } } } } } },
    c: { on: { C: 'd', NOTE: {}, NOW: {} } },
    d: { on: { B: { actions: { type: 'set', params: { seen: { $cel: 'context.seen + [event.n]' } } } } } },
  },
};

describe('cancelling state machines', function () {
  this.timeout(40_000);
  let definer: Definer;
  let stranger: LoggedIn;
  let schedules: Owner;

  before(async () => {
    definer = await Definer.start([operations, prober, schedulesOver([stateMachineService])]);
    schedules = workOwner(definer.server.registry, 'operations');
    schedules.start();
    stranger = await registerSomebody(definer.server, 'Stranger');
    await definer.registered('trip', trip);
    await definer.registered('way', way);
  });
  after(async () => {
    await schedules.stop();
    await definer.stop();
  });

  const made = async (type = 'trip'): Promise<string> => {
    const id = newId();
    await definer.create(type, id, { who: definer.buyer.user.id, mark: id });
    return id;
  };
  const send = async (
    type: string,
    id: string,
    event: object,
    more: { query?: string; key?: string } = {},
  ): Promise<Reply> => {
    const headers = more.key === undefined ? {} : { 'idempotency-key': more.key };
    const path = `/api/state-machines/${type}/${id}/event${more.query ?? ''}`;
    return await definer.server.call('POST', path, { token: definer.buyer.accessToken, body: event, headers });
  };
  const cancel = async (id: string, by = definer.buyer, body: object = {}): Promise<Reply> =>
    await definer.call('POST', `/api/state-machines/trip/${id}/cancel`, body, by);
  const left = async (id: string, expected: readonly string[]): Promise<void> =>
    await eventually(
      async () =>
        assert.deepEqual(
          await marks(id),
          expected.map((one) => one.replace('*', id)),
        ),
      10_000,
      20,
    );
  const undone = async (id: string): Promise<void> =>
    await eventually(async () => assertPartly(await definer.state('trip', id), { undoing: 0 }), 10_000, 20);
  const booked = async (id: string): Promise<void> => {
    assert.equal((await send('trip', id, { type: 'BOOK' })).status, 200);
    assert.equal((await send('trip', id, { type: 'BOOK' })).status, 200);
    await left(id, ['*-1', '*-2', '*-3']);
  };

  it('ends them with their timers, and undoes what they did, the newest first; once more is the same', async () => {
    const id = await made();
    await booked(id);
    const first = await cancel(id, definer.buyer, { reason: 'Ill' });
    assertPartly(first.body, { seq: 3, value: 'booked', status: 'stopped', changed: true });
    assert.equal(first.headers.get('etag'), '"3"');
    await left(id, ['*-1', '*-2', '*-3', 'un-*-3', 'un-*-2', 'un-*-1']);
    await undone(id);
    assertPartly(await definer.state('trip', id), { status: 'stopped', timers: [], accepts: [] });
    const again = await cancel(id);
    assert.deepEqual([again.status, again.body], [200, first.body]);
    assert.equal((await send('trip', id, { type: 'BOOK' })).status, 409);
    assert.equal(await Timers.native().countDocuments({ instance: `trip.${id}`, state: 'armed' }), 0);
    const history = await definer.call('GET', `/api/state-machines/trip/${id}/history`);
    assertPartly(history.body, { chain: 'intact' });
    assertPartly((history.body as { data: object[] }).data.at(-1), {
      event: { type: '@cancel', reason: 'Ill' },
      actor: definer.buyer.user.id,
      effects: [{ name: 'compensate' }],
    });
    assertPartly((history.body as { data: object[] }).data[1], {
      effects: [{ name: 'probe', work: { state: 'done' } }],
    });
    assert.equal((await marks(id)).length, 6, 'the second time undid nothing');
  });

  it('is for whom the definition names, and for operators; what has ended cannot be cancelled', async () => {
    const id = await made();
    const path = `/api/state-machines/trip/${id}/cancel`;
    assert.equal((await definer.call('POST', path, {}, stranger)).status, 404);
    assert.equal((await definer.server.call('POST', path, { body: {} })).status, 401);
    assert.equal((await cancel(newId())).status, 404);
    assert.equal((await cancel(id, definer.buyer, { reason: '' })).status, 422);
    const onboarding = `/api/state-machines/onboarding/${definer.buyer.user.id}/cancel`;
    await definer.call('POST', '/api/state-machines/create', { type: 'onboarding', id: definer.buyer.user.id });
    assert.equal((await definer.call('POST', onboarding, {}, definer.buyer)).status, 403);
    assert.equal((await cancel(id, definer.admin)).status, 200);
    const over = await made();
    await send('trip', over, { type: 'BOOK' });
    await send('trip', over, { type: 'END' });
    assertPartly((await cancel(over)).body, { status: 409, code: 'state-machine.has-ended' });
  });

  it('stops undoing at what fails or is refused, and goes on with its redrive', async () => {
    const id = await made();
    await booked(id);
    failing.add(`un-${id}-3`);
    refusing.add(`un-${id}-1`);
    await cancel(id);
    const letter = await eventually(async () => {
      const found = await DeadLetters.native().findOne({ kind: 'prober.probe.do', key: `un-${id}-3` });
      return found ?? assert.fail('not dead yet');
    }, 10_000);
    await left(id, ['*-1', '*-2', '*-3']);
    assertPartly(await definer.state('trip', id), { undoing: 3 });
    failing.delete(`un-${id}-3`);
    await definer.call('POST', '/api/dead-letters/redrive', { ids: [letter._id] });
    await left(id, ['*-1', '*-2', '*-3', 'un-*-3', 'un-*-2']);
    const refusal = await eventually(async () => {
      const found = await DeadLetters.native().findOne({ kind: 'state-machine.effect.undo', key: `trip.${id}` });
      return found ?? assert.fail('not dead yet');
    }, 10_000);
    assert.match(refusal.error, /Undoing probe of .* was refused: request.conflict/u);
    assertPartly(await definer.state('trip', id), { undoing: 1 });
    refusing.delete(`un-${id}-1`);
    await definer.call('POST', '/api/dead-letters/redrive', { ids: [refusal._id] });
    await left(id, ['*-1', '*-2', '*-3', 'un-*-3', 'un-*-2', 'un-*-1']);
    await undone(id);
  });

  it('waits for what is under way, and may be done by the chart itself, which goes on', async () => {
    const id = await made();
    failing.add(`${id}-2`);
    await send('trip', id, { type: 'BOOK' });
    await left(id, ['*-1']);
    assert.equal((await send('trip', id, { type: 'UNDO' })).status, 200);
    failing.delete(`${id}-2`);
    await left(id, ['*-1', '*-2', 'un-*-2', 'un-*-1']);
    await undone(id);
    assertPartly(await definer.state('trip', id), { value: 'booked', status: 'active' });
    await send('trip', id, { type: 'BOOK' });
    await left(id, ['*-1', '*-2', 'un-*-2', 'un-*-1', '*-3']);
    await cancel(id);
    await left(id, ['*-1', '*-2', 'un-*-2', 'un-*-1', '*-3', 'un-*-3']);
  });

  describe('early events', () => {
    it('are kept, answered so, and taken in their order as soon as they can be', async () => {
      const id = await made('way');
      const early = [
        await send('way', id, { type: 'C' }, { key: `${id}.c` }),
        await send('way', id, { type: 'B', n: 1 }, { key: `${id}.1` }),
        await send('way', id, { type: 'B', n: 2 }),
      ];
      early.forEach((reply) =>
        assertPartly([reply.status, reply.body], [200, { seq: 0, changed: false, early: 'deferred' }]),
      );
      assertPartly(await definer.state('way', id), { deferred: [{ type: 'C' }, { type: 'B' }, { type: 'B' }] });
      const repeat = await send('way', id, { type: 'B', n: 1 }, { key: `${id}.1` });
      assert.equal(repeat.headers.get('idempotency-replayed'), 'true');
      assertPartly((await send('way', id, { type: 'A' })).body, { seq: 1, value: 'b', changed: true });
      assertPartly(await definer.state('way', id), { seq: 4, value: 'd', deferred: [], context: { seen: [1, 2] } });
      const history = await definer.call('GET', `/api/state-machines/way/${id}/history`);
      assertPartly(history.body, { chain: 'intact' });
      assert.deepEqual(
        (history.body as { data: { event: { type: string } }[] }).data.map(({ event }) => event.type),
        ['created', 'A', 'B', 'C', 'B'],
      );
      // Its row is forgotten after a day; the step is not.
      await Work.native().deleteMany({ key: `way.${id}` });
      const late = await send('way', id, { type: 'C' }, { key: `${id}.c` });
      assertPartly([late.status, late.body], [200, { seq: 3, value: 'd' }]);
      assert.equal(late.headers.get('idempotency-replayed'), 'true');
    });

    it('are ignored or refused where the event says so', async () => {
      const id = await made('way');
      const ignored = await send('way', id, { type: 'NOTE' }, { key: `${id}.n` });
      assertPartly([ignored.status, ignored.body], [200, { seq: 0, changed: false, early: 'ignored' }]);
      assertPartly((await send('way', id, { type: 'NOW' })).body, {
        status: 409,
        code: 'state-machine.event-not-accepted',
      });
      for (const event of [{ type: 'A' }, { type: 'B', n: 1 }]) {
        await send('way', id, event);
      }
      const again = await send('way', id, { type: 'NOTE' }, { key: `${id}.n` });
      assert.deepEqual(again.body, ignored.body, 'what was ignored stays so');
      assertPartly((await send('way', id, { type: 'NOTE' })).body, { seq: 3 });
    });

    it('are refused where too many wait', async () => {
      const id = await made('way');
      const waiting = await Promise.all(Array.from({ length: 100 }, async () => await send('way', id, { type: 'C' })));
      assert.deepEqual([...new Set(waiting.map(({ status }) => status))], [200]);
      assertPartly((await send('way', id, { type: 'C' })).body, { status: 409, code: 'state-machine.mailbox-full' });
    });
  });

  describe('events for later', () => {
    it('are operations until their time comes', async () => {
      const id = await made('way');
      const soon = new Date(Date.now() + 1_200).toISOString();
      const reply = await send('way', id, { type: 'A' }, { query: `?notBefore=${soon}` });
      const { id: operation } = reply.body as { id: string };
      assert.deepEqual([reply.status, reply.headers.get('location')], [202, `/api/operations/${operation}`]);
      assertPartly(await definer.state('way', id), { seq: 0, timers: [] });
      const standing = async (): Promise<unknown> =>
        (await definer.call('GET', `/api/operations/${operation}`, undefined, definer.buyer)).body;
      assertPartly(await standing(), { state: 'new', doneAt: null });
      await eventually(
        async () => assertPartly(await standing(), { state: 'done', result: { seq: 1, value: 'b' } }),
        10_000,
      );
      const taken = await MachineInstances.native().findOne({ _id: `way.${id}` });
      assert.ok(Number(taken?.updatedAt) >= Date.parse(soon));
    });

    it('are judged by what who sent them may do when they are due', async () => {
      const id = await made('way');
      const path = `/api/state-machines/way/${id}/event?notBefore=${new Date(Date.now() + 1_500).toISOString()}`;
      const operator = await registerSomebody(definer.server, 'Op');
      const roles = async (list: string[]): Promise<void> => {
        const _id = operator.user.id;
        await mongoose.connection.collection<{ _id: string }>('users').updateOne({ _id }, { $set: { roles: list } });
      };
      await roles(['user', 'admin']);
      const token = (await logIn(definer.server, operator.user.email)).accessToken;
      const reply = await definer.server.call('POST', path, { token, body: { type: 'A' } });
      assert.equal(reply.status, 202, reply.text);
      await roles(['user']);
      const { id: operation } = reply.body as { id: string };
      const row = await eventually(async () => {
        const found = await Work.native().findOne({ _id: operation, state: { $ne: 'new' } });
        return found ?? assert.fail('it is not due yet');
      }, 10_000);
      assert.deepEqual([row.state, row.problem?.code], ['refused', 'state-machine.not-found']);
      assertPartly(await definer.state('way', id), { seq: 0 });
    });

    it('are within a year, in ISO 8601, and at once where it is past', async () => {
      const id = await made('way');
      for (const at of ['tomorrow', '2026-13-01T00:00:00Z', new Date(Date.now() + 400 * 86_400_000).toISOString()]) {
        assert.equal((await send('way', id, { type: 'A' }, { query: `?notBefore=${at}` })).status, 422, at);
      }
      assert.equal((await send('way', id, { type: 'A' }, { query: '?notBefore=2020-01-01T00:00:00Z' })).status, 200);
    });

    it('may come from schedules, as the product’s own', async () => {
      const id = await made('way');
      const path = `/api/schedules/way-${id.slice(-12)}`;
      const kind = 'state-machine.event.send';
      const input = { type: 'way', id, event: { type: 'A' } };
      const saved = await definer.call('PUT', path, { cron: '0 0 1 1 *', kind, input });
      assert.equal(saved.status, 201, saved.text);
      assert.equal((await definer.call('POST', `${path}/run`)).status, 201);
      await eventually(async () => assertPartly(await definer.state('way', id), { seq: 1, value: 'b' }), 10_000);
    });
  });
});
