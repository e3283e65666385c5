// How often a route may be called: by address and account, over two nodes, and without Redis.
import assert from 'node:assert/strict';
import type { Server } from 'node:http';
import { after, before, describe, it } from 'mocha';
import { z } from 'zod';
import { rates, type Rate } from '#config/rates.ts';
import { createRateLimits } from '#src/platform/http/rate-limit.ts';
import { defineRoute } from '#src/platform/http/route.ts';
import { sharedClient } from '#src/platform/redis/clients.ts';
import { authService } from '#src/services/auth/index.ts';
import { userService } from '#src/services/user/index.ts';
import { registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { eventually } from '../../support/eventually.ts';
import { listen, problemOf, send, startServer, type Reply, type TestServer } from '../../support/http.ts';

const answer = async () => await Promise.resolve({ status: 200, body: 'yes' });
const plain = { method: 'get', summary: 'For the test', output: z.string(), handle: answer } as const;
const routes = [
  defineRoute({ ...plain, path: '/api/exact', auth: 'public', scope: 'public', limit: 'search' }),
  defineRoute({ ...plain, path: '/api/exact/mine', auth: 'user', scope: 'self', limit: 'invite' }),
  defineRoute({ ...plain, path: '/api/shared', auth: 'public', scope: 'public', limit: 'export' }),
  defineRoute({ ...plain, path: '/api/short', auth: 'public', scope: 'public', limit: 'mail' }),
];

const few = (perAddress: number, perAccount: number, exact: boolean, windowS = 600): Rate => ({
  perAddress,
  perAccount,
  exact,
  windowS,
});
const table: Record<keyof typeof rates, Rate> = {
  ...rates,
  search: few(10, 10, true),
  invite: few(1_000, 5, true),
  export: few(200, 200, false),
  mail: few(3, 3, true, 1),
};
const factor = 1;
const health = { redis: async () => await Promise.resolve(true), poolStates: async () => await Promise.resolve({}) };

describe('rate limits', () => {
  let server: TestServer;
  let second: { url: string; server: Server };
  let ada: LoggedIn;
  let bob: LoggedIn;

  const times = async (count: number, call: (index: number) => Promise<Reply>): Promise<Map<number, number>> => {
    const replies = await Promise.all(Array.from({ length: count }, async (_, index) => await call(index)));
    const counts = new Map<number, number>();
    replies.forEach(({ status }) => counts.set(status, (counts.get(status) ?? 0) + 1));
    return counts;
  };
  const forget = async (): Promise<void> => {
    await sharedClient().flushdb();
  };

  before(async () => {
    const services = [authService, userService, { name: 'limited', routes }];
    server = await startServer(services, { rateLimits: createRateLimits(table, factor) });
    const health = {
      redis: async () => await Promise.resolve(true),
      poolStates: async () => await Promise.resolve({}),
    };
    const { registry, submit } = server;
    second = await listen({ registry, submit, health, rateLimits: createRateLimits(table, factor) });
    // What other tests registered from this address is none of this one's.
    await forget();
    ada = await registerSomebody(server, 'Ada');
    bob = await registerSomebody(server, 'Bob');
    await forget();
  });
  after(async () => {
    second.server.closeAllConnections();
    second.server.close();
    await server.close();
  });

  it('counts an exact class over both nodes, many at once, and says what is left', async () => {
    const begun = performance.now();
    const one = await server.call('GET', '/api/exact');
    assert.equal(one.headers.get('ratelimit'), '"search-address";r=9;t=600');
    assert.equal(one.headers.get('ratelimit-policy'), '"search-address";q=10;w=600, "search-account";q=10;w=600');
    const counts = await times(
      39,
      async (index) => await send(index % 2 ? server.url : second.url, 'GET', '/api/exact'),
    );
    assert.deepEqual(Object.fromEntries(counts), { 200: 9, 429: 30 });
    const refused = await server.call('GET', '/api/exact');
    assert.equal(problemOf(refused).code, 'request.too-many');
    const seconds = Number(refused.headers.get('retry-after'));
    const gone = (performance.now() - begun) / 1_000;
    assert.ok(seconds >= Math.floor(600 - gone) && seconds <= 600, `${seconds} after ${gone}`);
    assert.match(refused.headers.get('ratelimit') ?? '', /^"search-address";r=0;t=\d+$/u);
  });

  it('counts each account for itself behind one address, and tells of the tighter limit', async () => {
    const path = '/api/exact/mine';
    const mine = async (who: LoggedIn) => await server.call('GET', path, { token: who.accessToken });
    assert.deepEqual(Object.fromEntries(await times(8, async () => await mine(ada))), { 200: 5, 429: 3 });
    const his = await mine(bob);
    assert.deepEqual([his.status, his.headers.get('ratelimit')], [200, '"invite-account";r=4;t=600']);
    // Nobody at all is counted by address alone, before the token is looked at.
    const nobody = await server.call('GET', path);
    assert.match(nobody.headers.get('ratelimit') ?? '', /^"invite-address";r=\d+;t=\d+$/u);
    assert.equal(nobody.status, 401);
  });

  it('tells the other node of what a class that is not exact has counted here', async () => {
    const ask = async (url: string) => await send(url, 'GET', '/api/shared');
    assert.deepEqual(Object.fromEntries(await times(150, async () => await ask(server.url))), { 200: 150 });
    let asked = 0;
    await eventually(async () => {
      asked += 1;
      const { headers } = await ask(second.url);
      const left = Number(/r=(\d+)/u.exec(headers.get('ratelimit') ?? '')?.[1]);
      assert.ok(left <= 200 - 148 - asked, `${left} left after ${asked}`);
    });
    const counts = await times(120, async () => await ask(second.url));
    assert.ok((counts.get(429) ?? 0) > 60, JSON.stringify([...counts]));
  });

  it('begins anew when the window is over', async () => {
    assert.deepEqual(Object.fromEntries(await times(5, async () => await server.call('GET', '/api/short'))), {
      200: 3,
      429: 2,
    });
    await eventually(async () => assert.equal((await server.call('GET', '/api/short')).status, 200));
  });

  it('counts by itself while Redis is away', async () => {
    const redis = sharedClient();
    const alone = await listen({
      registry: server.registry,
      submit: server.submit,
      health,
      rateLimits: createRateLimits({ ...table, search: few(4, 4, true) }, factor),
    });
    redis.disconnect();
    try {
      const counts = await times(10, async () => await send(alone.url, 'GET', '/api/exact'));
      assert.deepEqual(Object.fromEntries(counts), { 200: 4, 429: 6 });
    } finally {
      await redis.connect();
      alone.server.closeAllConnections();
      alone.server.close();
    }
  });

  it('counts the address that the last believed proxy saw, and IPv6 by /64', async () => {
    const behind = await listen({
      registry: server.registry,
      submit: server.submit,
      health,
      trustProxy: 2,
      rateLimits: createRateLimits({ ...table, search: few(2, 2, false) }, factor),
    });
    const left = async (forwarded: string): Promise<string | undefined> => {
      const { headers } = await send(behind.url, 'GET', '/api/exact', { headers: { 'X-Forwarded-For': forwarded } });
      return /r=(\d+)/u.exec(headers.get('ratelimit') ?? '')?.[1];
    };
    try {
      assert.equal(await left('192.0.2.1, 10.0.0.1'), '1');
      assert.equal(await left('6.6.6.6, 192.0.2.1, 10.0.0.1'), '0', 'what a client claims before that changes nothing');
      assert.equal(await left('192.0.2.2, 10.0.0.1'), '1');
      assert.equal(await left('2001:db8:1:2::1, 10.0.0.1'), '1');
      assert.equal(await left('2001:db8:1:2:ffff::9, 10.0.0.1'), '0');
      assert.equal(await left('2001:db8:1:3::1, 10.0.0.1'), '1');
    } finally {
      behind.server.closeAllConnections();
      behind.server.close();
    }
  });

  it('counts what no route takes', async () => {
    for (const [method, path] of [
      ['GET', '/nowhere'],
      ['PUT', '/api/exact'],
      ['OPTIONS', '/api/exact'],
    ] as const) {
      const { headers } = await send(server.url, method, path);
      assert.match(headers.get('ratelimit') ?? '', /^"read-address";r=59\d\d\d;t=/u, `${method} ${path}`);
    }
  });
});
