// What the door does with requests before and after a route sees them, over a real server on a free port.
import assert from 'node:assert/strict';
import type { Server } from 'node:http';
import { after, before, describe, it } from 'mocha';
import { z } from 'zod';
import { createRegistry } from '#src/platform/registry.ts';
import { listen, problemOf, send, sendRaw, type Call, type Reply } from '../../../support/http.ts';
import { routes, seen } from '../../../support/things.ts';

describe('the HTTP door', () => {
  let server: Server;
  let url: string;
  const call = async (method: string, path: string, options: Call = {}): Promise<Reply> =>
    await send(url, method, path, options);
  const post = async (body: unknown, headers: Record<string, string> = {}): Promise<Reply> =>
    await call('POST', '/api/things/create', { body, headers });

  before(async () => {
    const registry = createRegistry([{ name: 'thing', routes }]);
    const health = {
      redis: async () => await Promise.resolve(true),
      poolStates: async () => await Promise.resolve({}),
    };
    ({ url, server } = await listen({
      registry,
      health,
      submit: async (_context, _command, input, status = 200) =>
        await Promise.resolve({ status, body: input, headers: { Location: '/api/operations/1' } }),
    }));
  });
  after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('parses params, query and body and sends what the route returns', async () => {
    const got = await call('GET', '/api/things/a?n=3');
    assert.equal(got.status, 200);
    assert.deepEqual(got.body, { id: 'a', n: 3 });
    assert.equal(got.headers.get('etag'), '"1"');
    assert.equal(got.headers.get('cache-control'), 'no-store');
    assert.equal(got.headers.get('content-type'), 'application/json; charset=utf-8');
    const made = await post({ name: 'x' });
    assert.equal(made.status, 201);
    assert.equal(made.headers.get('location'), '/api/operations/1');
    const gone = await call('DELETE', '/api/things/a');
    assert.deepEqual([gone.status, gone.text, gone.headers.get('content-type')], [204, '', null]);
  });

  it('lets a route do only the commands it names, because the others are not documented', async () => {
    const failed = await call('POST', '/api/things/undo');
    assert.equal(problemOf(failed).code, 'server.internal');
  });

  it('sends a text as it is where a route produces one', async () => {
    const got = await call('GET', '/api/things.csv');
    assert.equal(got.text, 'id,name\n1,"a"\n');
    assert.equal(got.headers.get('content-type'), 'text/csv; charset=utf-8');
  });

  it('prefers a name to a parameter, whatever was defined first', async () => {
    assert.deepEqual((await call('GET', '/api/things/newest')).body, { newest: true });
  });

  it('answers 404 to paths nobody has, whatever the method', async () => {
    for (const [method, path] of [
      ['GET', '/'],
      ['GET', '/api/nothing'],
      ['POST', '/api/secret/x'],
      ['OPTIONS', '/x'],
      ['GET', '/api/things/a/b'],
      ['GET', '/api/things/%E0%A4%A/x'],
    ] as const) {
      const reply = await call(method, path);
      assert.equal(problemOf(reply).code, 'request.not-found', `${method} ${path}`);
    }
  });

  it('answers 405 with Allow to methods a path does not take, TRACE too', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'TRACE', 'PROPFIND']) {
      const reply = await sendRaw(url, { method, path: '/api/things/a' });
      assert.equal(reply.status, 405, method);
      assert.equal(reply.headers.get('allow'), 'DELETE, GET, HEAD, OPTIONS');
      assert.equal(problemOf(reply).code, 'request.method-not-allowed');
    }
    assert.equal((await call('GET', '/api/things/create')).status, 200, 'a name is an id where only ids are read');
    assert.equal((await call('PUT', '/api/things/create')).headers.get('allow'), 'DELETE, GET, HEAD, OPTIONS, POST');
  });

  it('answers HEAD as GET without a body, and OPTIONS with Allow', async () => {
    const get = await call('GET', '/api/things/a');
    const head = await call('HEAD', '/api/things/a');
    assert.equal(head.status, 200);
    assert.equal(head.text, '');
    assert.equal(head.headers.get('content-length'), get.headers.get('content-length'));
    const options = await call('OPTIONS', '/api/things/a');
    assert.deepEqual([options.status, options.headers.get('allow')], [204, 'DELETE, GET, HEAD, OPTIONS']);
  });

  it('takes a request id, makes one where it is missing or odd, and returns it always', async () => {
    const headers = { 'X-Request-Id': 'a.B_c-9' };
    assert.equal((await call('GET', '/api/things/a', { headers })).headers.get('x-request-id'), 'a.B_c-9');
    assert.equal(problemOf(await call('GET', '/none', { headers })).requestId, 'a.B_c-9');
    for (const odd of ['', 'a b', 'ä'.normalize(), 'x'.repeat(129), '<script>']) {
      const id = (await call('GET', '/api/things/a', { headers: { 'X-Request-Id': encodeURI(odd) } })).headers.get(
        'x-request-id',
      );
      assert.match(id ?? '', /^[0-9a-f-]{36}$/u, odd);
    }
  });

  it('keeps a traceparent only when it is well-formed', async () => {
    const good = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    for (const [given, kept] of [
      [good, good],
      [good.toUpperCase(), undefined],
      [`ff${good.slice(2)}`, undefined],
      ['00-00000000000000000000000000000000-00f067aa0ba902b7-01', undefined],
      ['00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01', undefined],
      [`${good}-x`, undefined],
    ] as const) {
      await call('GET', '/api/things/a', { headers: { traceparent: given } });
      assert.equal(seen.at(-1)?.traceparent, kept, given);
    }
  });

  it('names every value that does not fit, in params, query and body', async () => {
    const got = problemOf(await call('GET', '/api/things/much-too-long?n=x&m=1'));
    assert.equal(got.code, 'request.invalid');
    assert.deepEqual(
      got.errors?.map(({ pointer }) => pointer),
      ['/params/id', '/query/n', '/query/m'],
    );
    const posted = problemOf(await post({ name: '', tags: ['a', 1], isAdmin: true }));
    assert.deepEqual(
      posted.errors?.map(({ pointer, code }) => [pointer, code]),
      [
        ['/body/name', 'too_small'],
        ['/body/tags/1', 'invalid_type'],
        ['/body/isAdmin', 'unrecognized_keys'],
      ],
    );
    assert.deepEqual(problemOf(await call('POST', '/api/things/create')).errors?.[0]?.pointer, '/body');
    assert.equal(problemOf(await call('GET', '/api/things/a?n=1&n=2')).status, 422);
  });

  it('asks for a token where a route needs one', async () => {
    const reply = await call('GET', '/api/secret');
    assert.equal(problemOf(reply).code, 'auth.unauthenticated');
    assert.equal(reply.headers.get('www-authenticate'), 'Bearer');
    const bad = await call('GET', '/api/secret', { token: 'a.b.c' });
    assert.equal(bad.headers.get('www-authenticate'), 'Bearer error="invalid_token"');
  });

  it('says nothing of what it does not understand itself', async () => {
    const reply = await call('GET', '/api/broken');
    assert.equal(problemOf(reply).code, 'server.internal');
    assert.equal(reply.text.includes('hunter2'), false);
    assert.equal(/\bat \/|\.ts:/u.test(reply.text), false);
  });

  it('sends the headers and further members of a problem', async () => {
    const reply = await call('GET', '/api/busy');
    assert.equal(problemOf(reply).code, 'server.unavailable');
    assert.equal(reply.headers.get('retry-after'), '7');
    assert.equal(z.object({ queue: z.string() }).parse(reply.body).queue, 'x');
  });

  it('sends security headers with answers and problems', async () => {
    for (const path of ['/api/things/a', '/none']) {
      const { headers } = await call('GET', path);
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.equal(headers.get('x-frame-options'), 'DENY');
      assert.equal(headers.get('content-security-policy'), "default-src 'none';frame-ancestors 'none'");
      assert.equal(headers.get('x-powered-by'), null);
      assert.equal(headers.get('access-control-allow-origin'), null, 'CORS is off where nobody is named');
    }
  });

  it('believes no forwarded address where no proxy is configured', async () => {
    await call('GET', '/api/things/a', { headers: { 'X-Forwarded-For': '6.6.6.6' } });
    assert.match(seen.at(-1)?.ip ?? '', /127\.0\.0\.1$/u);
  });

  it('refuses two routes of one method and path', async () => {
    const [route] = routes;
    assert.ok(route);
    const registry = createRegistry([
      { name: 'a', routes: [route] },
      { name: 'b', routes: [route] },
    ]);
    await assert.rejects(
      async () =>
        await listen({ registry, submit: async () => await Promise.reject(new Error()), health: {} as never }),
      /defined twice/u,
    );
  });
});
