// Two halves of the product in processes of their own, on one database: what one half accepts, the other one works on. One
// service has workers of its own, which share a pool with those of two others.
import assert from 'node:assert/strict';
import { z } from 'zod';
import { eventually } from '../support/eventually.ts';
import { shared } from '../support/faults.ts';
import { follow } from '../support/feed-client.ts';
import { call } from '../support/fleet.ts';
import { checkInvariants } from '../support/invariants.ts';
import { showLogs, startSystem, type System } from '../support/system.ts';

const people = '--services=auth,user,venture';
const play = '--services=gamification,state-machine,websocket';

describe('the product in two halves', () => {
  let system: System;

  before(async () => {
    system = await startSystem({
      apis: 2,
      workers: 3,
      people: 0,
      apiArgs: [[people], [play]],
      workerArgs: [['--services=user'], [play], ['--services=auth,venture']],
    });
  });
  after(async () => {
    await system?.stop();
  });
  afterEach(function () {
    showLogs(this, system);
  });

  it('registers at one half, earns at the other, moves the onboarding and hears of it', async () => {
    const body = { email: 'ada@example.test', password: 'correct horse battery', name: 'Ada' };
    const registered = await call(system.url(0), 'POST', '/api/auth/register', { body });
    assert.equal(registered.status, 201, JSON.stringify(registered.body));
    const { accessToken: token, user } = registered.body as { accessToken: string; user: { id: string } };
    const failures: string[] = [];
    const follower = await follow(system.url(1), token, `user.${user.id}`, (reason) => failures.push(reason));
    const granted = await call(system.url(1), 'POST', '/api/gamification/xp/add', {
      token: system.token,
      body: { userId: user.id, amount: 120, reason: 'load-split' },
      headers: { 'Idempotency-Key': 'load-split' },
    });
    assert.equal(granted.status, 201, JSON.stringify(granted.body));
    await eventually(async () => {
      const path = `/api/state-machines/onboarding/${user.id}/state`;
      const { body: state } = await call(system.url(1), 'GET', path, { token });
      assert.ok(((state as { seq?: number }).seq ?? 0) >= 2, JSON.stringify(state));
    }, 10_000);
    const grant = { key: 'load-split', userId: user.id, amount: 120, answer: granted.body, replayed: false };
    await checkInvariants(system.db, { acknowledged: [grant] });
    const head = await system.db.collection('feed_events').countDocuments({ feed: `user.${user.id}` });
    await eventually(() => assert.equal(follower.applied.length, head), 10_000);
    assert.ok(follower.ways.live > 0, 'nothing came live');
    follower.close();
    assert.deepEqual(failures, []);
  });

  it('leaves no pool without an owner, and has a shared one done by all who run a service of it', async () => {
    const owned = z.object({
      dependencies: z.object({ queues: z.object({ pools: z.record(z.string(), z.object({ owners: z.int() })) }) }),
    });
    await eventually(async () => {
      const { dependencies } = owned.parse((await call(system.url(0), 'GET', '/api/health')).body);
      const owners = Object.entries(dependencies.queues.pools).map(([pool, state]) => [pool, state.owners]);
      assert.deepEqual(Object.fromEntries(owners), {
        gamification: 1,
        machines: 1,
        operations: 2,
        effects: 1,
        webhooks: 1,
        feeds: 1,
      });
    });
    const shards = system.db.collection<{ owner: string | null }>('shards');
    await eventually(async () => assert.equal((await shards.distinct('owner', { pool: 'operations' })).length, 2));
    await shared(system.db);
  });

  it('answers 404 for the other half, and says that it is absent', async () => {
    const { token } = system;
    const statusOf = async (half: number, path: string): Promise<number> =>
      (await call(system.url(half), 'GET', path, { token })).status;
    const of = async (path: string): Promise<number[]> => [await statusOf(0, path), await statusOf(1, path)];
    assert.deepEqual(await of('/api/auth/me'), [200, 404]);
    assert.deepEqual(await of(`/api/users/${system.adminId}`), [200, 404]);
    assert.deepEqual(await of('/api/gamification/leaderboard'), [404, 200]);
    assert.deepEqual(await of(`/api/websocket/feeds/user.${system.adminId}`), [404, 200]);
    const states = async (half: number): Promise<string[]> => {
      const { services } = (await call(system.url(half), 'GET', '/api/health')).body as {
        services: Record<string, string>;
      };
      return ['auth', 'user', 'gamification', 'state_machine', 'websocket'].map(
        (name) => services[`${name}_service`] ?? '',
      );
    };
    assert.deepEqual(await states(0), ['active', 'active', 'absent', 'absent', 'absent']);
    assert.deepEqual(await states(1), ['absent', 'absent', 'active', 'active', 'active']);
  });
});
