// What every kind of answer carries and hides, who may ask from a page, and what is no request at all.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { after, before, describe, it } from 'mocha';
import { z } from 'zod';
import { problems } from '#src/platform/errors.ts';
import { givesTag, ifMatch, ifNoneMatch, requireIfMatch, withTag } from '#src/platform/http/etag.ts';
import { defineRoute } from '#src/platform/http/route.ts';
import { authService } from '#src/services/auth/index.ts';
import { userService } from '#src/services/user/index.ts';
import { asLoggedIn, password, registerSomebody } from '../../support/accounts.ts';
import { listen, problemOf, send, sendRaw, startServer, type TestServer } from '../../support/http.ts';

const thing = { id: 'thing', rev: 1, name: 'first' };
const shape = z.strictObject({ id: z.string(), rev: z.int(), name: z.string() });
const routes = [
  defineRoute({
    method: 'get',
    path: '/api/thing',
    summary: 'The thing',
    auth: 'public',
    scope: 'public',
    output: shape,
    takesHeaders: ifNoneMatch,
    givesHeaders: givesTag,
    alsoAnswers: { 304: 'Not changed since the ETag of If-None-Match' },
    handle: async ({ header }) =>
      await Promise.resolve(withTag({ status: 200, body: thing }, thing, header('if-none-match'))),
  }),
  defineRoute({
    method: 'put',
    path: '/api/thing',
    summary: 'Change the thing',
    auth: 'public',
    scope: 'public',
    body: z.strictObject({ name: z.string().max(20) }),
    output: shape,
    takesHeaders: ifMatch,
    givesHeaders: givesTag,
    problems: [problems.preconditionFailed, problems.preconditionRequired],
    handle: async ({ body, header }) => {
      thing.rev = requireIfMatch(header('if-match'), thing) + 1;
      thing.name = body.name;
      return await Promise.resolve(withTag({ status: 200, body: thing }, thing));
    },
  }),
  defineRoute({
    method: 'get',
    path: '/api/broken',
    summary: 'Throws',
    auth: 'public',
    scope: 'public',
    output: z.string(),
    handle: () => {
      throw new Error('the password of the database is hunter2');
    },
  }),
];

/** Sends bytes as they are and gives all that comes back. */
async function sendBytes(port: number, bytes: string): Promise<string> {
  return await new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
  });
}

describe('answers', () => {
  let server: TestServer;
  let open: { url: string; server: Server };
  const origin = 'https://app.example.test';

  before(async () => {
    server = await startServer([authService, userService, { name: 'thing', routes }]);
    const health = {
      redis: async () => await Promise.resolve(true),
      poolStates: async () => await Promise.resolve({}),
    };
    const { registry, submit } = server;
    open = await listen({ registry, submit, health, corsOrigins: [origin] });
  });
  after(async () => {
    open.server.closeAllConnections();
    open.server.close();
    await server.close();
  });

  it('of every kind carry the headers that keep browsers from guessing, framing, running and keeping them', async () => {
    const { headers: known } = await server.call('GET', '/api/thing');
    const etag = known.get('etag') ?? '';
    const json = { 'content-type': 'application/json' };
    const kinds: readonly (readonly [number, string, string, Parameters<typeof send>[3]?])[] = [
      [200, 'GET', '/api/thing'],
      [200, 'HEAD', '/api/thing'],
      [204, 'OPTIONS', '/api/thing'],
      [304, 'GET', '/api/thing', { headers: { 'if-none-match': etag } }],
      [400, 'PUT', '/api/thing', { body: '{', headers: json }],
      [401, 'GET', '/api/auth/me'],
      [401, 'GET', '/api/auth/me', { token: 'x.y.z' }],
      [404, 'GET', '/api/nothing'],
      [404, 'GET', '/'],
      [405, 'DELETE', '/api/thing'],
      [412, 'PUT', '/api/thing', { body: { name: 'x' }, headers: { 'if-match': '"thing-0"' } }],
      [413, 'PUT', '/api/thing', { body: { name: 'x'.repeat(70_000) } }],
      [415, 'PUT', '/api/thing', { body: 'x', headers: { 'content-type': 'text/plain' } }],
      [422, 'PUT', '/api/thing', { body: { name: 1 } }],
      [422, 'GET', '/api/thing', { headers: { 'if-none-match': 'x'.repeat(1_025) } }],
      [428, 'PUT', '/api/thing', { body: { name: 'x' } }],
      [500, 'GET', '/api/broken'],
    ];
    for (const [status, method, path, more] of kinds) {
      const reply = await send(server.url, method, path, more);
      const what = `${method} ${path} ${status}`;
      assert.equal(reply.status, status, what);
      const { headers } = reply;
      assert.equal(headers.get('content-security-policy'), "default-src 'none';frame-ancestors 'none'", what);
      assert.equal(headers.get('x-content-type-options'), 'nosniff', what);
      assert.equal(headers.get('x-frame-options'), 'DENY', what);
      assert.equal(headers.get('referrer-policy'), 'no-referrer', what);
      assert.equal(headers.get('cross-origin-resource-policy'), 'same-origin', what);
      assert.match(headers.get('strict-transport-security') ?? '', /^max-age=\d+/u, what);
      assert.match(headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/u, what);
      assert.match(headers.get('ratelimit') ?? '', /^"\w+-\w+";r=\d+;t=\d+$/u, what);
      assert.equal(headers.get('cache-control'), 'no-store', what);
      for (const name of ['x-powered-by', 'server', 'set-cookie', 'access-control-allow-origin']) {
        assert.equal(headers.get(name), null, `${what} ${name}`);
      }
      assert.doesNotMatch(reply.text, /hunter2|node_modules|\bat \w+ \(|\.ts:\d/u, what);
    }
  });

  it('let a document change only for whom has read it', async () => {
    const before = await server.call('GET', '/api/thing');
    const etag = before.headers.get('etag') ?? '';
    const change = async (name: string, match?: string) =>
      await server.call('PUT', '/api/thing', {
        body: { name },
        headers: match === undefined ? {} : { 'if-match': match },
      });
    assert.equal(problemOf(await change('a')).code, 'request.precondition-required');
    const changed = await change('b', etag);
    assert.equal(changed.status, 200);
    assert.notEqual(changed.headers.get('etag'), etag);
    assert.equal(problemOf(await change('c', etag)).code, 'request.precondition-failed');
    assert.equal((await change('d', '*')).status, 200);
    const now = (await server.call('GET', '/api/thing')).headers.get('etag') ?? '';
    const again = await server.call('GET', '/api/thing', { headers: { 'if-none-match': `W/${now}` } });
    assert.deepEqual([again.status, again.text, again.headers.get('etag')], [304, '', now]);
  });

  it('are shown to pages of the origins that are allowed, and to no others', async () => {
    const preflight = async (from: string) =>
      await send(open.url, 'OPTIONS', '/api/auth/me', {
        headers: {
          origin: from,
          'access-control-request-method': 'GET',
          'access-control-request-headers': 'authorization,if-match',
        },
      });
    const allowed = await preflight(origin);
    assert.equal(allowed.status, 204);
    assert.equal(allowed.headers.get('access-control-allow-origin'), origin);
    assert.match(allowed.headers.get('access-control-allow-headers') ?? '', /Authorization.*If-Match/u);
    assert.equal(allowed.headers.get('access-control-allow-credentials'), null);
    for (const other of [
      'https://evil.example',
      `${origin}.evil.example`,
      'null',
      origin.toUpperCase(),
      `${origin}:444`,
    ]) {
      assert.equal((await preflight(other)).headers.get('access-control-allow-origin'), null, other);
      const { headers } = await send(open.url, 'GET', '/api/thing', { headers: { origin: other } });
      assert.equal(headers.get('access-control-allow-origin'), null, other);
      assert.match(headers.get('vary') ?? '', /Origin/iu);
    }
    const refused = await send(open.url, 'GET', '/api/auth/me', { headers: { origin } });
    assert.deepEqual([refused.status, refused.headers.get('access-control-allow-origin')], [401, origin]);
    assert.match(refused.headers.get('access-control-expose-headers') ?? '', /RateLimit/u);
  });

  it('are given to what is no request too, and to one with too long headers', async () => {
    const { port } = server.http.address() as AddressInfo;
    const long = 'x'.repeat(40_000);
    for (const [status, code, bytes] of [
      [431, 'request.headers-too-large', `GET /api/thing HTTP/1.1\r\nHost: x\r\nX-Long: ${long}\r\n\r\n`],
      [431, 'request.headers-too-large', `GET /api/thing?q=${long} HTTP/1.1\r\nHost: x\r\n\r\n`],
      [400, 'request.malformed', 'HELLO\r\n\r\n'],
      [
        400,
        'request.malformed',
        'GET /api/thing HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      ],
      [
        400,
        'request.malformed',
        'POST /api/thing HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      ],
      [400, 'request.malformed', 'GET /api/thing HTTP/1.1\r\nHost: x\r\nX-A: a\u0000b\r\n\r\n'],
    ] as const) {
      const text = await sendBytes(port, bytes);
      const [head = '', body = ''] = text.split('\r\n\r\n');
      assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} `, 'u'), bytes.slice(0, 60));
      assert.match(head, /content-type: application\/problem\+json/iu);
      const problem = JSON.parse(body) as { code: string; requestId: string };
      assert.equal(problem.code, code);
      assert.ok(head.includes(problem.requestId));
    }
    assert.equal((await server.call('GET', '/api/thing')).status, 200);
  });

  it('keep odd names as they were given, and the last of two members of one name', async () => {
    for (const name of [
      'O’Brien',
      'Null',
      'ʇunpᴉpᴉɔuᴉ',
      '田中さん',
      '👩‍👩‍👧',
      "Robert'); DROP TABLE",
      '{"$gt":""}',
      '<img src=x>',
    ]) {
      const { user } = await registerSomebody(server, name);
      assert.equal(user.name, name.normalize('NFC'));
    }
    const email = `twice.${Date.now()}@example.test`;
    const body = `{"email":"${email}","name":"First","name":"Last","password":"${password}"}`;
    assert.equal(asLoggedIn((await server.call('POST', '/api/auth/register', { body })).body).user.name, 'Last');
  });

  it('to HEAD are those to GET without a body, whoever asks', async () => {
    for (const path of ['/api/thing', '/api/auth/me', '/api/nothing']) {
      const get = await send(server.url, 'GET', path);
      const head = await sendRaw(server.url, { method: 'HEAD', path });
      assert.deepEqual([head.status, head.text], [get.status, ''], path);
    }
  });
});
