// The door of the admin pages over HTTP: who gets in, with what cookie, from which pages, and when they are out again.
import assert from 'node:assert/strict';
import Koa from 'koa';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'mocha';
import mongoose from 'mongoose';
import { createBoard } from '#src/platform/admin/queue-board.ts';
import { redisKey, sharedClient } from '#src/platform/redis/clients.ts';
import { loginTries } from '#config/auth.ts';
import { checkPassword } from '#src/services/auth/index.ts';
import { password } from '../../support/accounts.ts';
import {
  adminEmail,
  ask,
  everything,
  sessionOf,
  startBoard,
  type BoardServer,
  type Seen,
} from '../../support/board.ts';

describe('the door of the admin pages', function () {
  this.timeout(20_000);
  let board: BoardServer;
  before(async () => {
    board = await startBoard();
  });
  after(async () => await board.close());

  interface Row {
    readonly _id: string;
    readonly userId: string;
    readonly ip: string;
    readonly lastSeenAt: Date;
    readonly expiresAt: Date;
    readonly revokedAt?: Date;
  }
  const sessions = () => mongoose.connection.collection<Row>('sessions');
  const login = async (email: string, secret = password, headers: Record<string, string | undefined> = {}) =>
    await board.navigate('POST', '/admin/login', { form: { email, password: secret }, headers });
  const codeOf = (seen: Seen): unknown => (JSON.parse(seen.text) as { code: string }).code;
  it('sends a browser to the login and back, and tells scripts 401', async () => {
    for (const method of ['GET', 'HEAD']) {
      const page = await board.navigate(method, '/admin/queues/queue/gamification.3?status=failed');
      const next = encodeURIComponent('/admin/queues/queue/gamification.3?status=failed');
      assert.deepEqual([page.status, page.headers['location']], [303, `/admin/login?next=${next}`]);
      assert.equal(page.headers['cache-control'], 'no-store');
      assert.match(page.headers['ratelimit'] ?? '', /^"board-address";r=\d+;t=\d+$/u);
    }
    const tried = await login('nobody@example.test');
    assert.match(tried.headers['ratelimit'] ?? '', /^"login-address";r=\d+;t=\d+$/u);
    for (const path of everything) {
      for (const cookie of [undefined, 'admin=', 'admin=x.y.z', `admin=${'a.'.repeat(400)}`, '__Host-admin=x']) {
        const reply = await board.script('GET', path, { cookie });
        assert.deepEqual([reply.status, codeOf(reply)], [401, 'auth.unauthenticated'], `${path} ${cookie}`);
        assert.match(reply.headers['www-authenticate'] ?? '', /^Cookie /u);
      }
      assert.equal((await board.script('HEAD', path)).status, 401);
    }
    const basic = `Basic ${Buffer.from(`${adminEmail}:${password}`).toString('base64')}`;
    for (const authorization of [basic, `Bearer ${board.admin.accessToken}`]) {
      assert.equal((await board.script('GET', '/admin/queues', { headers: { authorization } })).status, 401);
    }
  });

  it('takes no method and no path but its own', async () => {
    for (const [path, allow] of [
      ['/admin/login', 'GET, HEAD, POST'],
      ['/admin/logout', 'GET, HEAD, POST'],
      ['/admin/queues', 'GET, HEAD, POST, PUT, PATCH'],
    ] as const) {
      for (const method of ['TRACE', 'DELETE', 'OPTIONS', 'PROPFIND']) {
        const reply = await board.script(method, path);
        assert.deepEqual([reply.status, reply.headers['allow']], [405, allow], `${method} ${path}`);
      }
    }
    for (const path of ['/admin', '/admin/', '/admin/queuesx', '/admin/loginx', '/admin/Login']) {
      assert.equal((await board.script('GET', path)).status, 404, path);
    }
    assert.equal((await board.server.call('GET', '/api/health/live')).status, 200);
  });

  it('shows a login without script, which nobody can frame and no cache keeps', async () => {
    const evil = '/admin/queues/"><script>alert(1)</script>';
    const page = await board.navigate('GET', `/admin/login?next=${encodeURIComponent(evil)}`);
    assert.equal(page.status, 200);
    assert.match(page.headers['content-type'] ?? '', /^text\/html/u);
    assert.equal(page.headers['cache-control'], 'no-store');
    assert.match(
      page.headers['content-security-policy'] ?? '',
      /^default-src 'none'; style-src 'sha256-[^']+'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/u,
    );
    assert.equal(/<script|\son[a-z]+=/iu.test(page.text), false);
    for (const name of ['email', 'password']) {
      assert.ok(page.text.includes(`<label for="${name}">`) && page.text.includes(`id="${name}"`), name);
    }
    assert.deepEqual([(await board.navigate('HEAD', '/admin/login')).status, page.cookie], [200, undefined]);
  });

  it('logs in with a session like any other, whose secret is kept nowhere', async () => {
    const reply = await login(' Admin@Example.test ');
    assert.deepEqual([reply.status, reply.headers['location']], [303, '/admin/queues']);
    const [set, ...attributes] = (reply.headers['set-cookie'] ?? '').split('; ');
    assert.deepEqual(attributes, ['Path=/admin', 'HttpOnly', 'SameSite=Strict']);
    assert.match(set ?? '', /^admin=[\w.-]{80,}$/u);
    const cookie = String(reply.cookie);
    const row = await sessions().findOne({ _id: sessionOf(cookie) });
    assert.deepEqual([row?.userId, row?.ip !== ''], [board.admin.user.id, true]);
    assert.equal(JSON.stringify(row).includes(cookie.split('.')[1] ?? '?'), false);
    for (const path of everything) {
      assert.equal((await board.script('GET', path, { cookie })).status, 200, path);
      assert.equal((await board.script('HEAD', path, { cookie })).status, 200, path);
    }
    const page = await board.navigate('GET', '/admin/queues', { cookie });
    assert.match(page.headers['content-security-policy'] ?? '', /default-src 'self'/u);
    assert.equal(/(?:src|href)="https?:/u.test(page.text), false, 'the page asks another host');
  });

  it('gives a cookie of this host alone where the browser came over TLS', async () => {
    const { submit } = board.server;
    const app = new Koa({ proxy: true }).use(createBoard({ queues: board.queues, checkPassword, submit }));
    const answer = app.callback();
    const server = createServer((request, response) => void answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      const headers = {
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'brain.example',
        origin: 'https://brain.example',
        accept: 'text/html',
      };
      const reply = await ask(url, 'POST', '/admin/login', { form: { email: adminEmail, password }, headers });
      assert.match(
        reply.headers['set-cookie'] ?? '',
        /^__Host-admin=[\w.-]+; Path=\/; Secure; HttpOnly; SameSite=Strict$/u,
      );
      const cookie = String(reply.cookie);
      const page = async (sent: string) => (await ask(url, 'GET', '/admin/queues', { cookie: sent, headers })).status;
      assert.equal(await page(cookie), 200);
      assert.equal(await page(cookie.replace('__Host-', '')), 303, 'a planted cookie without the prefix counts');
      const plain = await ask(url, 'POST', '/admin/login', {
        form: { email: adminEmail, password },
        headers: { ...headers, origin: 'http://brain.example' },
      });
      assert.equal(plain.status, 403);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it('refuses a wrong password, nobody, and forms that do not fit, and shows what was typed as text', async () => {
    const email = '"><b>@example.test';
    for (const [who, secret] of [
      [adminEmail, 'wrong password'],
      [email, password],
    ] as const) {
      const reply = await login(who, secret);
      assert.deepEqual([reply.status, reply.cookie], [401, undefined]);
      assert.ok(reply.text.includes('role="alert"') && reply.text.includes('E-mail address or password is wrong.'));
      assert.equal(reply.text.includes('<b>') || reply.text.includes(secret), false);
    }
    for (const form of [
      {},
      { email: adminEmail },
      { email: adminEmail, password, roles: 'admin' },
      { email: 'x'.repeat(321), password },
      { email: adminEmail, password: 'x'.repeat(2_000) },
    ] as Record<string, string>[]) {
      assert.deepEqual((await board.navigate('POST', '/admin/login', { form })).status, 422);
    }
    const tooLarge = { email: adminEmail, password: 'x'.repeat(20_000) };
    assert.equal((await board.navigate('POST', '/admin/login', { form: tooLarge })).status, 400);
    const asJson = await board.script('POST', '/admin/login', { json: { email: adminEmail, password } });
    assert.deepEqual([asJson.status, asJson.cookie], [422, undefined]);
  });

  it('refuses what another site sends, or nobody knows who, and changes nothing', async () => {
    const cookie = await board.logIn(adminEmail);
    const before = await sessions().countDocuments();
    const foreign = [
      { origin: undefined, 'sec-fetch-site': undefined },
      { origin: undefined },
      { origin: 'null' },
      { origin: 'https://evil.example' },
      { origin: `${board.server.url}.evil.example` },
      { origin: board.server.url.replace('http:', 'https:') },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'none' },
    ];
    for (const headers of foreign) {
      const tries = [
        await login(adminEmail, password, headers),
        await board.navigate('POST', '/admin/logout', { cookie, headers }),
        await board.script('PUT', '/admin/queues/api/queues/pause', { cookie, headers }),
      ];
      assert.deepEqual(
        tries.map(({ status, cookie: set }) => [status, set]),
        tries.map(() => [403, undefined]),
        JSON.stringify(headers),
      );
      assert.equal(codeOf(tries[2] as Seen), 'admin.cross-site');
    }
    assert.equal(await sessions().countDocuments(), before);
    assert.equal(await board.queues[0]?.isPaused(), false);
    assert.equal((await board.script('GET', '/admin/queues/api/queues', { cookie })).status, 200);
    // A browser on a connection that nobody trusts sends no Sec-Fetch-Site.
    assert.equal((await login(adminEmail, password, { 'sec-fetch-site': undefined })).status, 303);
  });

  it('goes nowhere but to the board after a login', async () => {
    for (const next of [
      'https://evil.example',
      '//evil.example',
      '/\\evil.example',
      '/admin//../..//evil.example',
      '/admin/../api/health',
      '/admin/queues/../../api/health',
      '/admin/logout',
      '/admin/login?next=/admin/login',
      'javascript:alert(1)',
      '/admin/queues\\@evil.example',
      '/admin/queues\r\nSet-Cookie: x=y',
    ]) {
      const form = { email: adminEmail, password, next };
      const { status, headers } = await board.navigate('POST', '/admin/login', { form });
      assert.deepEqual([status, headers['location']], [303, '/admin/queues'], next);
    }
    const next = '/admin/queues/queue/gamification.3?status=failed';
    const { headers } = await board.navigate('POST', '/admin/login', { form: { email: adminEmail, password, next } });
    assert.equal(headers['location'], next);
  });

  it('looks at no more than a few passwords from one address for one account, also when Redis forgets', async () => {
    const email = await board.person('auditor');
    const tries = await Promise.all(
      Array.from({ length: loginTries.addressAndAccount + 3 }, async () => await login(email, 'wrong password')),
    );
    const statuses = tries.map(({ status }) => status).toSorted((left, right) => left - right);
    assert.deepEqual(statuses, [...Array<number>(loginTries.addressAndAccount).fill(401), 429, 429, 429]);
    const right = await login(email);
    assert.deepEqual([right.status, right.cookie], [429, undefined]);
    assert.match(String(right.headers['retry-after']), /^(?:8[5-9]\d|900)$/u);
    assert.ok(right.text.includes('Too many tries. Wait 15 minutes'));
    assert.equal((await login(adminEmail)).status, 303, 'another account is locked out too');
    const counters = await sharedClient().keys(redisKey('tries', '*'));
    assert.ok(counters.length > 0 && !counters.join().includes('@'));
    for (const key of counters) {
      assert.ok((await sharedClient().pttl(key)) > 0, 'a counter that never ends');
    }
    await sharedClient().del(...counters);
    assert.equal((await login(email)).status, 429);
  });
});
