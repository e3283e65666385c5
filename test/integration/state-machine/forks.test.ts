// Forks over HTTP: a machine that stands where another one stood, for operators, and nothing of it reaches anybody.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { Owner } from '#src/platform/commands/owner.ts';
import { Events } from '#src/platform/events/event.ts';
import { newId } from '#src/platform/ids.ts';
import { MachineInstances, Timers, Transitions } from '#src/platform/machines/store.ts';
import { fireDueTimers } from '#src/platform/machines/timers.ts';
import { authService } from '#src/services/auth/index.ts';
import { stateMachineService } from '#src/services/state-machine/index.ts';
import { userService } from '#src/services/user/index.ts';
import { machinesWorker } from '#workers/machines.worker.ts';
import { logInAdmin, registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { eventually } from '../../support/eventually.ts';
import { problemOf, startServer, type Reply, type TestServer } from '../../support/http.ts';

const base = '/api/state-machines';
const day = 86_400_000;

describe('POST /api/state-machines/:type/:id/fork', function () {
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
    await eventually(async () => assert.equal((await read(ada.user.id, ada)).status, 200));
    for (const type of ['SNOOZE', 'XP_EARNED', 'LEVEL_REACHED']) {
      assert.equal((await send(ada.user.id, type)).status, 200);
    }
  });
  after(async () => {
    await owner.stop();
    await server.close();
  });

  const call = async (method: string, path: string, by: LoggedIn, body?: object): Promise<Reply> =>
    await server.call(method, `${base}/onboarding/${path}`, {
      token: by.accessToken,
      ...(body === undefined ? {} : { body }),
    });
  const read = async (id: string, by = admin): Promise<Reply> => await call('GET', `${id}/state`, by);
  const send = async (id: string, type: string, by = admin): Promise<Reply> =>
    await call('POST', `${id}/event`, by, { type });
  const fork = async (atSeq: number, more: object = {}, by = admin, of = ada.user.id): Promise<Reply> =>
    await call('POST', `${of}/fork`, by, { atSeq, id: newId(), ...more });

  it('stands where the machine stood after that step, goes on by itself, and leaves the machine alone', async () => {
    const id = newId();
    const made = await fork(2, { id });
    assert.equal(made.status, 201);
    assert.equal(made.headers.get('etag'), '"0"');
    const from = { type: 'onboarding', id: ada.user.id, seq: 2 };
    const { value, seq, context, timers, forkedFrom } = made.body as Record<string, unknown>;
    assert.deepEqual([value, seq, timers], ['firstXp', 0, []]);
    assert.deepEqual(context, { userId: ada.user.id, name: null });
    assert.deepEqual(forkedFrom, from);
    assert.equal((await fork(2, { id })).status, 200, 'the same again');
    assert.equal(problemOf(await fork(1, { id })).code, 'state-machine.input-differs');
    const moved = await send(id, 'LEVEL_REACHED');
    assert.equal((moved.body as { value: string }).value, 'active');
    assert.equal(((await read(ada.user.id)).body as { seq: number }).seq, 3);
    const verified = (await call('GET', `${id}/verify`, admin)).body as { chain: string; steps: number };
    assert.deepEqual([verified.chain, verified.steps], ['intact', 2]);
  });

  it('does nothing, tells nobody, and is nobody’s but operators’', async () => {
    const id = newId();
    await fork(2, { id });
    assert.equal((await send(id, 'LEVEL_REACHED')).status, 200);
    assert.equal(await Events.native().countDocuments({ subject: `machine.onboarding.${id}` }), 0);
    const lines = (await call('GET', `${id}/export`, admin)).text.trimEnd().split('\n');
    const effect = lines
      .map((text) => JSON.parse(text) as Record<string, unknown>)
      .find(({ kind }) => kind === 'effect');
    assert.deepEqual([effect?.['name'], effect?.['outcome']], ['emit', 'dry']);
    for (const reply of [await read(id, ada), await send(id, 'SNOOZE', ada)]) {
      assert.equal(problemOf(reply).code, 'state-machine.not-found');
    }
    assert.equal((await fork(0, {}, ada)).status, 403);
  });

  it('waits for nothing, or for what the machine waited for, as long as it still would have', async () => {
    const id = newId();
    await fork(1, { id, timers: 'restart' });
    const armed = await Timers.native()
      .find({ instance: `onboarding.${id}`, state: 'armed' })
      .sort({ dueAt: 1 })
      .toArray();
    assert.deepEqual(
      armed.map(({ sendId }) => sendId),
      ['reminder', 'after.patience.onboarding.registered'],
    );
    const step = await Transitions.native().findOne({ instance: `onboarding.${ada.user.id}`, seq: 1 });
    const born = await Transitions.native().findOne({ instance: `onboarding.${ada.user.id}`, seq: 0 });
    const forked = await MachineInstances.native().findOne({ _id: `onboarding.${id}` });
    const passed = (step?.at.getTime() ?? 0) - (born?.at.getTime() ?? 0);
    const leftMs = armed.map(({ dueAt }) => dueAt.getTime() - (forked?.createdAt.getTime() ?? 0));
    assert.deepEqual(leftMs, [3 * day, 30 * day - passed]);
    await Timers.native().updateOne({ _id: armed[1]?._id ?? '' }, { $set: { dueAt: new Date() } });
    await fireDueTimers(server.registry, [armed[1]?.shard ?? ''], new Date());
    await eventually(async () => assert.equal(((await read(id)).body as { value: string }).value, 'dormant'));
    assert.equal(await Events.native().countDocuments({ type: 'onboarding.lapsed' }), 0);
  });

  it('is refused where there is no such step, or the log does not come to what is stored', async () => {
    assert.equal(problemOf(await fork(4)).code, 'state-machine.step-unknown');
    assert.equal(problemOf(await fork(0, {}, admin, 'nobody')).code, 'state-machine.not-found');
    assert.equal(problemOf(await fork(1, { id: ada.user.id })).code, 'state-machine.input-differs');
    for (const body of [{ atSeq: -1 }, { id: 'a:b' }, { timers: 'some' }]) {
      assert.equal((await fork(1, body)).status, 422);
    }
    const first = newId();
    await fork(2, { id: first });
    assert.equal(problemOf(await fork(0, {}, admin, first)).code, 'state-machine.not-replayable');
    await Transitions.native().updateOne({ instance: `onboarding.${ada.user.id}`, seq: 1 }, { $set: { actor: 'x' } });
    assert.equal((await fork(0)).status, 201, 'what comes before it holds');
    const broken = await fork(2);
    assert.equal(problemOf(broken).code, 'state-machine.not-replayable');
    assert.equal(broken.status, 409);
    assert.equal((broken.body as { seq: number }).seq, 1);
    await Transitions.native().deleteOne({ instance: `onboarding.${ada.user.id}`, seq: 1 });
    assert.equal(problemOf(await fork(2)).code, 'state-machine.not-replayable');
  });
});
