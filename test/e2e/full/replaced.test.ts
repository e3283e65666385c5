// Every process of a system is replaced, one by one, under load: no request fails, no shard is without an owner, and
// sockets go on from where they were.
import assert from 'node:assert/strict';
import { startBalancer, type Balancer } from '../../support/balancer.ts';
import { eventually } from '../../support/eventually.ts';
import { ownerlessMs, shared, watchShards } from '../../support/faults.ts';
import { follow, type Follower } from '../../support/feed-client.ts';
import { call } from '../../support/fleet.ts';
import { checkInvariants } from '../../support/invariants.ts';
import { startLoad, summary } from '../../support/load.ts';
import { showLogs, startSystem, type System } from '../../support/system.ts';

describe('processes that are replaced one by one', () => {
  let system: System;
  let balancer: Balancer;
  let follower: Follower | undefined;
  const failures: string[] = [];

  before(async () => {
    system = await startSystem({ env: { DRAIN_SECONDS: '1.5' } });
    balancer = await startBalancer(() => system.urls());
    await shared(system.db);
  });
  after(async () => {
    follower?.close();
    await balancer?.close();
    await system?.stop();
  });
  afterEach(function () {
    showLogs(this, system);
  });

  it('fails no request, leaves no shard alone and no event out', async () => {
    const feed = `user.${system.people[0]}`;
    follower = await follow(balancer.url, system.token, feed, (reason) => failures.push(reason));
    const watch = watchShards(system.db);
    const load = startLoad({ urls: () => [balancer.url], token: system.token, people: system.people, callers: 8 });
    const goesOn = async (): Promise<void> => {
      const then = load.report.grants.length;
      await eventually(() => assert.ok(load.report.grants.length > then + 30, 'nothing is granted'), 20_000);
    };
    for (const index of [0, 1]) {
      const { child, url } = system.fleet.apis[index] ?? assert.fail();
      const ended = system.fleet.kill(child, 'SIGTERM');
      const told = await eventually(async () => {
        const answer = await call(url, 'GET', '/api/health/ready');
        assert.equal(answer.status, 503);
        return answer;
      });
      assert.equal(told.headers.get('connection'), 'close');
      assert.equal((await call(url, 'GET', '/api/auth/me', { token: system.token })).status, 200, 'it serves on');
      await ended;
      assert.equal(child.exitCode, 0);
      await system.fleet.restartApi(index);
      await eventually(() => assert.equal(balancer.ready().length, 2), 10_000);
      await goesOn();
    }
    for (const index of [0, 1, 2]) {
      const { child } = system.fleet.workers[index] ?? assert.fail();
      await system.fleet.kill(child, 'SIGTERM');
      assert.equal(child.exitCode, 0);
      await system.fleet.restartWorker(index);
      await shared(system.db);
      await goesOn();
    }
    const report = await load.stop();
    const worst = await watch.stop();
    console.log(`      ${summary(report)}; ${worst.shard} had no owner for ${Math.round(worst.ms)} ms`);
    assert.deepEqual(balancer.failed, []);
    assert.deepEqual(report.unexpected, []);
    assert.deepEqual(
      [...report.statuses.keys()].filter((status) => status !== 201 && status !== 202),
      [],
    );
    assert.ok(worst.ms <= ownerlessMs, `${worst.shard} had no owner for ${Math.round(worst.ms)} ms`);
    await checkInvariants(system.db, { acknowledged: report.grants });
    await checkFollower(feed);
  });

  async function checkFollower(feed: string): Promise<void> {
    const head = await system.db.collection('feed_events').countDocuments({ feed });
    await eventually(() => assert.equal(follower?.applied.length, head, 'the follower is behind'), 20_000);
    assert.deepEqual(
      follower?.applied.map(({ seq }) => seq),
      Array.from({ length: head }, (_, index) => index + 1),
    );
    assert.ok((follower?.connections() ?? 0) >= 2, 'the socket never moved');
    assert.deepEqual(failures, []);
  }
});
