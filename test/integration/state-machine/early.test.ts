// Events that come before a machine takes them, and events that are sent for a later time, over HTTP.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import mongoose from 'mongoose';
import { workOwner } from '#src/platform/commands/drain-work.ts';
import { operations } from '#src/platform/commands/operations.ts';
import type { Owner } from '#src/platform/commands/owner.ts';
import { Work } from '#src/platform/commands/work.ts';
import { newId } from '#src/platform/ids.ts';
import { MachineInstances } from '#src/platform/machines/store.ts';
import { schedulesOver } from '#src/platform/schedules/service.ts';
import { stateMachineService } from '#src/services/state-machine/index.ts';
import { logIn, registerSomebody } from '../../support/accounts.ts';
import { Definer } from '../../support/definer.ts';
import { eventually } from '../../support/eventually.ts';
import type { Reply } from '../../support/http.ts';
import { assertPartly } from '../../support/partly.ts';

const events = (names: readonly string[], more: object = {}) =>
  Object.fromEntries(names.map((name) => [name, { from: ['owner'], ...more }]));

/** Each event at one place alone, kept where it comes early; `NOTE` is ignored, `NOW` refused. */
const way = {
  input: { type: 'object', properties: { who: { type: 'string' } }, required: ['who'] },
  context: { who: { $cel: 'input.who' }, seen: [] },
  owner: { $cel: 'context.who' },
  access: { create: ['operator'], read: ['owner', 'role:moderator'] },
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

describe('events of state machines that come early or are for later', function () {
  this.timeout(40_000);
  let definer: Definer;
  let schedules: Owner;

  before(async () => {
    definer = await Definer.start([operations, schedulesOver([stateMachineService])]);
    schedules = workOwner(definer.server.registry, 'operations');
    schedules.start();
    await definer.registered('way', way);
  });
  after(async () => {
    await schedules.stop();
    await definer.stop();
  });

  const made = async (): Promise<string> => {
    const id = newId();
    await definer.create('way', id, { who: definer.buyer.user.id });
    return id;
  };
  const send = async (id: string, event: object, more: { query?: string; key?: string } = {}): Promise<Reply> => {
    const headers = more.key === undefined ? {} : { 'idempotency-key': more.key };
    const path = `/api/state-machines/way/${id}/event${more.query ?? ''}`;
    return await definer.server.call('POST', path, { token: definer.buyer.accessToken, body: event, headers });
  };

  describe('early events', () => {
    it('are kept, answered so, and taken in their order as soon as they can be', async () => {
      const id = await made();
      const early = [
        await send(id, { type: 'C' }, { key: `${id}.c` }),
        await send(id, { type: 'B', n: 1 }, { key: `${id}.1` }),
        await send(id, { type: 'B', n: 2 }),
      ];
      early.forEach((reply) =>
        assertPartly([reply.status, reply.body], [200, { seq: 0, changed: false, early: 'deferred' }]),
      );
      assertPartly(await definer.state('way', id), { deferred: [{ type: 'C' }, { type: 'B' }, { type: 'B' }] });
      const repeat = await send(id, { type: 'B', n: 1 }, { key: `${id}.1` });
      assert.equal(repeat.headers.get('idempotency-replayed'), 'true');
      assertPartly((await send(id, { type: 'A' })).body, { seq: 1, value: 'b', changed: true });
      assertPartly(await definer.state('way', id), { seq: 4, value: 'd', deferred: [], context: { seen: [1, 2] } });
      const history = await definer.call('GET', `/api/state-machines/way/${id}/history`);
      assertPartly(history.body, { chain: 'intact' });
      assert.deepEqual(
        (history.body as { data: { event: { type: string } }[] }).data.map(({ event }) => event.type),
        ['created', 'A', 'B', 'C', 'B'],
      );
      // Its row is forgotten after a day; the step is not.
      await Work.native().deleteMany({ key: `way.${id}` });
      const late = await send(id, { type: 'C' }, { key: `${id}.c` });
      assertPartly([late.status, late.body], [200, { seq: 3, value: 'd' }]);
      assert.equal(late.headers.get('idempotency-replayed'), 'true');
    });

    it('are ignored or refused where the event says so', async () => {
      const id = await made();
      const ignored = await send(id, { type: 'NOTE' }, { key: `${id}.n` });
      assertPartly([ignored.status, ignored.body], [200, { seq: 0, changed: false, early: 'ignored' }]);
      assertPartly((await send(id, { type: 'NOW' })).body, {
        status: 409,
        code: 'state-machine.event-not-accepted',
      });
      for (const event of [{ type: 'A' }, { type: 'B', n: 1 }]) {
        await send(id, event);
      }
      const again = await send(id, { type: 'NOTE' }, { key: `${id}.n` });
      assert.deepEqual(again.body, ignored.body, 'what was ignored stays so');
      assertPartly((await send(id, { type: 'NOTE' })).body, { seq: 3 });
    });

    it('are refused where too many wait', async () => {
      const id = await made();
      const waiting = await Promise.all(Array.from({ length: 100 }, async () => await send(id, { type: 'C' })));
      assert.deepEqual([...new Set(waiting.map(({ status }) => status))], [200]);
      assertPartly((await send(id, { type: 'C' })).body, { status: 409, code: 'state-machine.mailbox-full' });
    });
  });

  describe('events for later', () => {
    it('are operations until their time comes', async () => {
      const id = await made();
      const soon = new Date(Date.now() + 1_200).toISOString();
      const reply = await send(id, { type: 'A' }, { query: `?notBefore=${soon}` });
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
      const id = await made();
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
      const id = await made();
      for (const at of ['tomorrow', '2026-13-01T00:00:00Z', new Date(Date.now() + 400 * 86_400_000).toISOString()]) {
        assert.equal((await send(id, { type: 'A' }, { query: `?notBefore=${at}` })).status, 422, at);
      }
      assert.equal((await send(id, { type: 'A' }, { query: '?notBefore=2020-01-01T00:00:00Z' })).status, 200);
    });

    it('may come from schedules, as the product’s own', async () => {
      const id = await made();
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
