// The metrics door over real HTTP: who is let in, and figures that are what really happened.
import assert from 'node:assert/strict';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { after, before, describe, it } from 'mocha';
import { workOwner } from '#src/platform/commands/drain-work.ts';
import type { Owner } from '#src/platform/commands/owner.ts';
import { DeadLetters, Work } from '#src/platform/commands/work.ts';
import { newId } from '#src/platform/ids.ts';
import { clusterMetrics } from '#src/platform/metrics/cluster.ts';
import { listenForMetrics, metricsMiddleware } from '#src/platform/metrics/door.ts';
import { processMetrics } from '#src/platform/metrics/metrics.ts';
import { authService } from '#src/services/auth/index.ts';
import { gamificationService } from '#src/services/gamification/index.ts';
import { userService } from '#src/services/user/index.ts';
import { logInAdmin, registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { eventually } from '../../support/eventually.ts';
import { listen, problemOf, send, startServer, type Reply, type TestServer } from '../../support/http.ts';

const token = 'a token of this test';
const kind = 'gamification.xp.add';

describe('metrics', function () {
  this.timeout(20_000);
  let server: TestServer;
  let owner: Owner;
  let admin: LoggedIn;
  const opened: Server[] = [];

  before(async () => {
    const metrics = metricsMiddleware([processMetrics, clusterMetrics([kind])], undefined);
    server = await startServer([userService, authService, gamificationService], { metrics });
    owner = workOwner(server.registry, 'gamification');
    owner.start();
    admin = await logInAdmin(server);
  });
  after(async () => {
    opened.forEach((each) => each.close());
    await owner.stop();
    await server.close();
  });

  // Not of the API and not in its reference: for Prometheus alone.
  const scrape = async (headers: Record<string, string> = {}): Promise<Reply> =>
    await send(server.url, 'GET', '/metrics', { headers });
  /** The value of a sample; 0 where there is none. */
  const sample = async (name: string): Promise<number> => {
    const line = (await scrape()).text.split('\n').find((each) => each.startsWith(`${name} `));
    return Number(line?.slice(name.length + 1) ?? 0);
  };

  it('answers this machine in Prometheus’ text, and nobody who comes through a proxy', async () => {
    const { status, headers } = await scrape();
    assert.equal(status, 200);
    assert.match(headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/u);
    for (const header of [{ 'X-Forwarded-For': '127.0.0.1' }, { Forwarded: 'for=127.0.0.1' }]) {
      assert.equal(problemOf(await scrape(header)).code, 'request.not-found');
    }
    assert.equal((await send(server.url, 'POST', '/metrics')).status, 404);
  });

  it('with a token answers whoever has it, from wherever', async () => {
    const { registry, submit } = server;
    const health = {
      redis: async () => await Promise.resolve(true),
      poolStates: async () => await Promise.resolve({}),
    };
    const metrics = metricsMiddleware([processMetrics], token);
    const { url, server: guarded } = await listen({ registry, submit, health, metrics });
    opened.push(guarded);
    for (const authorization of [undefined, 'Bearer', `Bearer ${token}x`, `Basic ${token}`]) {
      const headers = authorization === undefined ? {} : { authorization };
      const refused = await send(url, 'GET', '/metrics', { headers });
      assert.equal(problemOf(refused).code, 'auth.unauthenticated', authorization ?? 'nothing');
      assert.equal(refused.headers.get('www-authenticate'), 'Bearer');
    }
    const given = { headers: { authorization: `Bearer ${token}`, 'X-Forwarded-For': '192.0.2.1' } };
    assert.equal((await send(url, 'GET', '/metrics', given)).status, 200);
  });

  it('is a door of its own in workers, with the same lock, and nothing else behind it', async () => {
    const [open, locked] = await Promise.all([
      listenForMetrics(0, [processMetrics], undefined),
      listenForMetrics(0, [processMetrics], token),
    ]);
    opened.push(open, locked);
    const port = (of: Server): number => (of.address() as AddressInfo).port;
    const at = (of: Server, host = '127.0.0.1'): string => `http://${host}:${port(of)}`;
    assert.match((await send(at(open), 'GET', '/metrics')).text, /^# TYPE brain_owner_shards gauge$/mu);
    assert.equal((await send(at(open), 'GET', '/api/health')).status, 404);
    assert.equal((await send(at(open), 'GET', '/metrics', { headers: { 'X-Forwarded-For': '::1' } })).status, 404);
    assert.equal((await send(at(locked), 'GET', '/metrics')).status, 401);
    assert.equal((await send(at(locked), 'GET', '/metrics', { token })).status, 200);
    const others = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    const outside = others.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
    if (outside !== undefined) {
      assert.equal((await send(at(open, outside), 'GET', '/metrics')).status, 404, 'a peer that is not this machine');
    }
    await assert.rejects(listenForMetrics(port(open), [processMetrics], undefined), { name: 'BootRefusal' });
  });

  it('counts requests by pattern, and what no route took under one name', async () => {
    const { user } = await registerSomebody(server);
    const known = 'brain_http_requests_total{route="/api/gamification/xp/:userId",method="GET",status="2xx"}';
    const unknown = 'brain_http_requests_total{route="none",method="any",status="4xx"}';
    const [knownBefore, unknownBefore] = [await sample(known), await sample(unknown)];
    await server.call('GET', `/api/gamification/xp/${user.id}`, { token: admin.accessToken });
    await server.call('GET', `/no/${user.id}`);
    assert.equal((await sample(known)) - knownBefore, 1);
    assert.equal((await sample(unknown)) - unknownBefore, 1);
    const { text } = await scrape();
    assert.ok(!text.includes(user.id), 'no path is a label');
    assert.match(text, /^brain_http_request_duration_seconds_count\{route="\/api\/gamification\/xp\/:userId"/mu);
  });

  it('counts work from its acceptance to its end, by kind and state', async () => {
    const { user } = await registerSomebody(server);
    const grant = async (userId: string): Promise<number> => {
      const body = { userId, amount: 1, reason: 'x' };
      return (await server.call('POST', '/api/gamification/xp/add', { body, token: admin.accessToken })).status;
    };
    const names = [
      `brain_work_accepted_total{kind="${kind}"}`,
      `brain_work_settled_total{kind="${kind}",state="done"}`,
      `brain_work_settled_total{kind="${kind}",state="refused"}`,
      'brain_batch_rows_sum{pool="gamification"}',
    ];
    const read = async () => await Promise.all(names.map(sample));
    const before = await read();
    assert.deepEqual(await Promise.all([grant(user.id), grant(user.id), grant(newId())]), [201, 201, 404]);
    const after = await read();
    assert.deepEqual(
      after.map((value, index) => value - (before[index] ?? 0)),
      [3, 2, 1, 3],
    );
    assert.ok((await sample('brain_commit_duration_seconds_count{pool="gamification"}')) > 0);
    assert.equal(await sample('brain_owner_shards{pool="gamification"}'), 8);
    assert.equal(await sample('brain_pool_owners{pool="gamification"}'), 1);
    assert.equal(await sample('brain_mongodb_up'), 1);
  });

  it('shows what waits, how long, and what gave up', async () => {
    const acceptedAt = new Date(Date.now() - 60_000);
    const row = { kind, shard: 'machines.0', key: 'user.x', requestId: 'r', acceptedAt };
    const waiting = { input: {}, actor: 'system', requestHash: '', notBefore: acceptedAt, attempts: 0 };
    await Work.native().insertOne({ ...row, ...waiting, _id: newId(), state: 'new' });
    const letter = { error: 'e', attempts: 3, deadAt: acceptedAt, redrives: 0 };
    await DeadLetters.native().insertMany([
      { ...row, ...letter, _id: newId(), redrivenAt: null },
      { ...row, ...letter, _id: newId(), redrivenAt: acceptedAt },
    ]);
    await eventually(async () => {
      assert.equal(await sample('brain_pool_undone_rows{pool="machines"}'), 1);
      assert.ok((await sample('brain_pool_oldest_undone_seconds{pool="machines"}')) >= 60);
      assert.equal(await sample('brain_pool_oldest_undone_seconds{pool="gamification"}'), 0);
      assert.equal(await sample(`brain_dead_letters_waiting{kind="${kind}"}`), 1);
    });
  });
});
