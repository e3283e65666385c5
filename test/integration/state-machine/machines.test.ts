// Machines over HTTP on real MongoDB and Redis, with an owner that commits them.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { z } from 'zod';
import type { Owner } from '#src/platform/commands/owner.ts';
import { Work } from '#src/platform/commands/work.ts';
import { newId } from '#src/platform/ids.ts';
import { MachineInstances, Timers, Transitions, verifyChain } from '#src/platform/machines/store.ts';
import { authService } from '#src/services/auth/index.ts';
import { stateMachineService } from '#src/services/state-machine/index.ts';
import { userService } from '#src/services/user/index.ts';
import { machinesWorker } from '#workers/machines.worker.ts';
import { logInAdmin, registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { eventually } from '../../support/eventually.ts';
import { problemOf, startServer, type Reply, type TestServer } from '../../support/http.ts';

const base = '/api/state-machines';
const pageShape = z.object({
  data: z.array(z.looseObject({ seq: z.number() })),
  page: z.object({ nextCursor: z.string().nullable(), hasMore: z.boolean() }),
  chain: z.enum(['intact', 'broken']),
});

describe('state machines', function () {
  this.timeout(20_000);
  let server: TestServer;
  let owner: Owner;
  let admin: LoggedIn;
  let ada: LoggedIn;

  before(async () => {
    server = await startServer([userService, authService, stateMachineService]);
    owner = machinesWorker(server.registry);
    owner.start();
    admin = await logInAdmin(server);
    ada = await registerSomebody(server, 'Ada');
  });
  after(async () => {
    await owner.stop();
    await server.close();
  });

  const post = async (path: string, body: object, token = admin.accessToken, headers = {}): Promise<Reply> =>
    await server.call('POST', `${base}${path}`, { body, token, headers });
  const get = async (path: string, token = admin.accessToken): Promise<Reply> =>
    await server.call('GET', `${base}${path}`, { token });
  const made = async (): Promise<string> => {
    const id = newId();
    assert.equal((await post('/create', { type: 'onboarding', id })).status, 201);
    return id;
  };

  describe('POST /create', () => {
    it('creates once: 201, the same again 200, other input 409', async () => {
      const body = { type: 'onboarding', id: newId(), input: { name: 'Bo' } };
      const first = await post('/create', body);
      assert.equal(first.status, 201);
      assert.equal(first.headers.get('etag'), '"0"');
      const again = await post('/create', body);
      assert.equal(again.status, 200);
      assert.deepEqual(again.body, first.body);
      const other = await post('/create', { ...body, input: { name: 'Bob' } });
      assert.equal(problemOf(other).code, 'state-machine.input-differs');
      assert.equal(other.status, 409);
    });

    it('is for operators, and takes what fits', async () => {
      const body = { type: 'onboarding', id: newId() };
      assert.equal((await post('/create', body, ada.accessToken)).status, 403);
      assert.equal((await server.call('POST', `${base}/create`, { body })).status, 401);
      assert.equal(problemOf(await post('/create', { ...body, type: 'nothing' })).code, 'state-machine.unknown-type');
      assert.equal((await post('/create', { ...body, id: 'a:b' })).status, 422);
    });
  });

  describe('POST /:type/:id/event', () => {
    it('takes steps, each with its seq as ETag', async () => {
      const id = await made();
      const step = await post(`/onboarding/${id}/event`, { type: 'XP_EARNED' });
      assert.equal(step.status, 200);
      assert.equal(step.headers.get('etag'), '"1"');
      assert.deepEqual(step.body, {
        type: 'onboarding',
        id,
        seq: 1,
        value: 'firstXp',
        status: 'active',
        context: { userId: id, name: null },
        changed: true,
        effects: [],
      });
    });

    it('refuses with what it takes instead', async () => {
      const id = await made();
      const refused = await post(`/onboarding/${id}/event`, { type: 'NOPE' });
      assert.equal(refused.status, 409);
      assert.equal(problemOf(refused).code, 'state-machine.event-not-accepted');
      assert.deepEqual((refused.body as { accepts: unknown }).accepts, ['XP_EARNED', 'LEVEL_REACHED', 'SNOOZE']);
    });

    it('refuses the runtime’s own events, and payloads that do not fit', async () => {
      const id = await made();
      for (const event of [
        { type: 'xstate.after.patience.onboarding.registered' },
        { type: 'XP_EARNED', amount: 1 },
        { amount: 1 },
      ]) {
        assert.equal((await post(`/onboarding/${id}/event`, event)).status, 422);
      }
      assert.equal((await MachineInstances.native().findOne({ _id: `onboarding.${id}` }))?.seq, 0);
    });

    it('holds to If-Match', async () => {
      const id = await made();
      const snooze = async (tag: string): Promise<Reply> =>
        await post(`/onboarding/${id}/event`, { type: 'SNOOZE' }, admin.accessToken, { 'If-Match': tag });
      assert.equal((await snooze('"0"')).status, 200);
      const late = await snooze('"0"');
      assert.equal(late.status, 412);
      assert.equal(problemOf(late).code, 'state-machine.seq-differs');
      assert.equal((await snooze('W/"1"')).status, 412);
      assert.equal((await snooze('"1"')).status, 200);
      assert.equal((await snooze('*')).status, 200);
    });

    it('takes an event once under one Idempotency-Key, even when its work row is gone', async () => {
      const id = await made();
      const headers = { 'Idempotency-Key': newId(), 'If-Match': '"0"' };
      const send = async (type: string): Promise<Reply> =>
        await post(`/onboarding/${id}/event`, { type }, admin.accessToken, headers);
      const first = await send('XP_EARNED');
      assert.equal(first.headers.get('idempotency-replayed'), null);
      await Work.native().deleteMany({ key: `onboarding.${id}` });
      const again = await send('XP_EARNED');
      assert.equal(again.status, 200);
      assert.deepEqual(again.body, first.body);
      assert.equal(again.headers.get('idempotency-replayed'), 'true');
      await Work.native().deleteMany({ key: `onboarding.${id}` });
      assert.equal(problemOf(await send('LEVEL_REACHED')).code, 'idempotency.body-differs');
      assert.equal(await Transitions.native().countDocuments({ instance: `onboarding.${id}` }), 2);
    });

    it('lets the owner send what is the owner’s, tells nobody else that it exists', async () => {
      const id = ada.user.id;
      await eventually(async () => {
        assert.equal((await get(`/onboarding/${id}/state`, ada.accessToken)).status, 200);
      });
      const stranger = await registerSomebody(server, 'Eve');
      const send = async (type: string, by: LoggedIn): Promise<number> =>
        (await post(`/onboarding/${id}/event`, { type }, by.accessToken)).status;
      assert.equal(await send('SNOOZE', ada), 200);
      assert.equal(await send('XP_EARNED', ada), 403);
      assert.equal(await send('NOPE', ada), 409);
      assert.equal(await send('SNOOZE', stranger), 404);
      assert.equal((await get(`/onboarding/${id}/state`, stranger.accessToken)).status, 404);
      assert.equal((await get(`/onboarding/${id}/history`, stranger.accessToken)).status, 404);
      assert.equal((await get('/nothing/x/state', stranger.accessToken)).status, 404);
      assert.equal((await post('/onboarding/unknown/event', { type: 'SNOOZE' })).status, 404);
    });

    it('keeps seq and chain when many events of many instances arrive at once', async () => {
      const ids = await Promise.all([made(), made(), made()]);
      const events = ids.flatMap((id) => Array.from({ length: 20 }, () => id));
      const replies = await Promise.all(
        events.map(async (id) => await post(`/onboarding/${id}/event`, { type: 'SNOOZE' })),
      );
      assert.ok(replies.every(({ status }) => status === 200));
      for (const id of ids) {
        const rows = await Transitions.native()
          .find({ instance: `onboarding.${id}` })
          .sort({ seq: 1 })
          .toArray();
        assert.equal(rows.length, 21);
        assert.ok(verifyChain(rows));
        const instance = await MachineInstances.native().findOne({ _id: `onboarding.${id}` });
        assert.equal(instance?.lastHash, rows.at(-1)?.hash);
        const armed = await Timers.native()
          .find({ instance: `onboarding.${id}`, state: 'armed' })
          .toArray();
        assert.deepEqual(armed.map(({ _id }) => _id).toSorted(), instance?.timers.map((timer) => timer.id).toSorted());
      }
    });
  });

  describe('GET /:type/:id/state', () => {
    it('says with ?explain what the guards of an event say, and nothing of events nobody declared', async () => {
      const id = await made();
      const explained = async (event: string): Promise<unknown> =>
        ((await get(`/onboarding/${id}/state?explain=${event}`)).body as { verdicts?: unknown }).verdicts;
      const taken = { state: 'onboarding.registered', target: ['onboarding.firstXp'], guard: null, says: true };
      assert.deepEqual(await explained('XP_EARNED'), [taken]);
      assert.deepEqual(await explained('REMIND'), []);
      assert.equal((await get(`/onboarding/${id}/state?explain=xstate.stop`)).status, 422);
      assert.equal('verdicts' in ((await get(`/onboarding/${id}/state`)).body as object), false);
    });
  });

  describe('GET /:type/:id/history', () => {
    const history = async (id: string, query = '') =>
      pageShape.parse((await get(`/onboarding/${id}/history${query}`)).body);

    it('gives every step once, page by page, with a chain that holds', async () => {
      const id = await made();
      for (const type of ['SNOOZE', 'XP_EARNED', 'XP_EARNED', 'LEVEL_REACHED']) {
        await post(`/onboarding/${id}/event`, { type });
      }
      const seen: number[] = [];
      let query = '?limit=2';
      for (;;) {
        const { data, page, chain } = await history(id, query);
        assert.equal(chain, 'intact');
        seen.push(...data.map(({ seq }) => seq));
        if (page.nextCursor === null) {
          break;
        }
        query = `?limit=2&cursor=${encodeURIComponent(page.nextCursor)}`;
      }
      assert.deepEqual(seen, [0, 1, 2, 3, 4]);
      const foreign = await made();
      assert.equal((await get(`/onboarding/${foreign}/history${query}`)).status, 422, 'a cursor of another list');
    });

    it('says so when somebody altered, removed or cut off steps', async () => {
      const instance = (id: string): string => `onboarding.${id}`;
      const tamper: readonly ((id: string) => Promise<unknown>)[] = [
        async (id) =>
          await Transitions.native().updateOne({ instance: instance(id), seq: 1 }, { $set: { actor: 'x' } }),
        async (id) => await Transitions.native().deleteOne({ instance: instance(id), seq: 1 }),
        async (id) => await Transitions.native().deleteOne({ instance: instance(id), seq: 2 }),
        async (id) => await Transitions.native().deleteOne({ instance: instance(id), seq: 0 }),
        async (id) => await Transitions.native().deleteMany({ instance: instance(id) }),
      ];
      for (const change of tamper) {
        const id = await made();
        await post(`/onboarding/${id}/event`, { type: 'SNOOZE' });
        await post(`/onboarding/${id}/event`, { type: 'SNOOZE' });
        assert.equal((await history(id)).chain, 'intact');
        await change(id);
        assert.equal((await history(id)).chain, 'broken', String(change));
      }
    });
  });
});
