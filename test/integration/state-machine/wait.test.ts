// Waiting for machines over HTTP: at once, when they move, when the time is over, with Redis away, and never too many.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'mocha';
import { limits } from '#config/limits.ts';
import type { Owner } from '#src/platform/commands/owner.ts';
import { feedOwner } from '#src/platform/events/feeds.ts';
import { newId } from '#src/platform/ids.ts';
import { MachineInstances } from '#src/platform/machines/store.ts';
import { endWatches, machinesWatched, watchMachine, type MachineWatch } from '#src/platform/machines/watches.ts';
import { closeHints } from '#src/platform/redis/hints.ts';
import { authService } from '#src/services/auth/index.ts';
import { stateMachineService } from '#src/services/state-machine/index.ts';
import { userService } from '#src/services/user/index.ts';
import { machinesWorker } from '#workers/machines.worker.ts';
import { logInAdmin, registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { eventually } from '../../support/eventually.ts';
import { problemOf, startServer, type Reply, type TestServer } from '../../support/http.ts';

const base = '/api/state-machines/onboarding';

describe('waiting for a machine', function () {
  this.timeout(20_000);
  let server: TestServer;
  let owners: Owner[] = [];
  let admin: LoggedIn;

  before(async () => {
    server = await startServer([userService, authService, stateMachineService]);
    owners = [machinesWorker(server.registry), feedOwner()];
    owners.forEach((owner) => owner.start());
    admin = await logInAdmin(server);
  });
  after(async () => {
    await Promise.all(owners.map(async (owner) => await owner.stop()));
    await server.close();
  });
  afterEach(() => assert.equal(machinesWatched(), 0, 'a watch was left behind'));

  const made = async (): Promise<string> => {
    const body = { type: 'onboarding', id: newId() };
    assert.equal(
      (await server.call('POST', '/api/state-machines/create', { body, token: admin.accessToken })).status,
      201,
    );
    return body.id;
  };
  const send = async (id: string, type: string): Promise<Reply> =>
    await server.call('POST', `${base}/${id}/event`, { body: { type }, token: admin.accessToken });
  const wait = async (id: string, query: string, token = admin.accessToken): Promise<Reply> =>
    await server.call('GET', `${base}/${id}/wait?${query}`, { token });
  const toldOf = ({ status, body }: Reply): [number, boolean, number] => {
    const { reached, state } = body as { reached: boolean; state: { seq: number } };
    return [status, reached, state.seq];
  };
  const someoneWaits = async (): Promise<void> =>
    await eventually(async () => {
      assert.equal(await Promise.resolve(machinesWatched()), 1);
    });

  it('answers at once where the machine is there, and at the time-out where it is not', async () => {
    const id = await made();
    assert.deepEqual(toldOf(await wait(id, 'for=state:registered')), [200, true, 0]);
    const began = Date.now();
    assert.deepEqual(toldOf(await wait(id, 'for=done&timeout=1')), [200, false, 0]);
    assert.ok(Date.now() - began >= 900);
    assert.deepEqual(toldOf(await wait(id, 'for=tag:late&timeout=0')), [200, false, 0]);
  });

  it('answers when it gets there, however many steps that takes', async () => {
    const id = await made();
    const waiting = wait(id, 'for=state:active&timeout=20');
    await someoneWaits();
    await send(id, 'SNOOZE');
    await send(id, 'XP_EARNED');
    await send(id, 'LEVEL_REACHED');
    assert.deepEqual(toldOf(await waiting), [200, true, 3]);
  });

  it('answers at once where it has ended otherwise, and where it is not the caller’s any more', async () => {
    const id = await made();
    await MachineInstances.native().updateOne({ _id: `onboarding.${id}` }, { $set: { status: 'error' } });
    assert.deepEqual(toldOf(await wait(id, 'for=done')), [200, false, 0]);
    const ada = await registerSomebody(server, 'Ada');
    await eventually(async () => {
      assert.equal((await wait(ada.user.id, 'for=state:registered&timeout=0', ada.accessToken)).status, 200);
    });
    const waiting = wait(ada.user.id, 'for=done', ada.accessToken);
    await someoneWaits();
    await MachineInstances.native().updateOne(
      { _id: `onboarding.${ada.user.id}` },
      { $set: { readers: [] }, $inc: { rev: 1 } },
    );
    assert.equal(problemOf(await waiting).code, 'state-machine.not-found');
    assert.equal(problemOf(await wait(id, 'for=done', ada.accessToken)).code, 'state-machine.not-found');
  });

  it('ends when the client goes away, and when the process stops', async () => {
    const id = await made();
    const leaving = new AbortController();
    const headers = { authorization: `Bearer ${admin.accessToken}` };
    const gone = fetch(`${server.url}${base}/${id}/wait?for=done`, { headers, signal: leaving.signal });
    await someoneWaits();
    leaving.abort();
    await assert.rejects(gone);
    await eventually(async () => assert.equal(await Promise.resolve(machinesWatched()), 0));
    const waiting = wait(id, 'for=done');
    await someoneWaits();
    endWatches();
    assert.deepEqual(toldOf(await waiting), [200, false, 0]);
  });

  it('is refused where too many wait, and for what nothing can be', async () => {
    const id = await made();
    const watches: MachineWatch[] = Array.from({ length: limits.machineWatches }, () => watchMachine('x.y'));
    const refused = await wait(id, 'for=done&timeout=0');
    watches.forEach((watch) => watch.close());
    assert.equal(refused.status, 503);
    assert.equal(refused.headers.get('retry-after'), '1');
    for (const query of [
      '',
      'for=',
      'for=over',
      'for=state:a b',
      'for=tag:',
      'for=done&timeout=31',
      'for=done&timeout=-1',
    ]) {
      assert.equal((await wait(id, query)).status, 422, query);
    }
  });

  it('answers without Redis, by looking', async () => {
    const id = await made();
    const waiting = wait(id, 'for=state:firstXp&timeout=20');
    await someoneWaits();
    // Nobody hears a hint from here on.
    await closeHints();
    await send(id, 'XP_EARNED');
    assert.deepEqual(toldOf(await waiting), [200, true, 1]);
  });
});
