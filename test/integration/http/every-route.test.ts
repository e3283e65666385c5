// What holds at every route, found from the registry: a new one is tried without anybody thinking of it. The payloads are
// those of the kinds in SecLists' Fuzzing/Databases/NoSQL.txt and of OWASP API3:2023 (mass assignment).
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import vm from 'node:vm';
import { z } from 'zod';
import { buildRegistry } from '#src/app.ts';
import type { Route } from '#src/platform/http/route.ts';
import { logInAdmin, registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { problemOf, sendRaw, startServer, type Call, type Reply, type TestServer } from '../../support/http.ts';

/** Members that models have and callers must not set. */
const notYours = {
  _id: '1',
  __v: 1,
  role: 'admin',
  isAdmin: true,
  ownerId: 'x',
  createdAt: '2020-01-01T00:00:00Z',
  emailVerified: true,
  passwordHash: 'x',
  rev: 1,
  $set: { role: 'admin' },
} as const;

/** Operators where a text is expected, and texts that were queries somewhere once. */
const operators = [{ $gt: '' }, { $ne: null }, { $regex: '.*' }, { $where: 'sleep(5000)' }, { $or: [{}, { a: 1 }] }];
const texts = [
  "';sleep(5000);'",
  "' || '1'=='1",
  "'; return true; var x='",
  '{"$gt": ""}',
  '[$ne]=1',
  'true, $where: "1 == 1"',
  '$where: sleep(5000)',
  '../../etc/passwd',
  '..%2f..%2fetc',
  '\r\nSet-Cookie: admin=1',
  'a\u0000b',
  '__proto__',
  'constructor',
  'toString',
  'undefined',
  'NaN',
  '1e309',
  '\u202Etxt.exe',
  '\uFFFF\u{1F4A9}',
  '<script>alert(1)</script>',
  '{{7*7}}${7*7}#{7*7}',
  '%s%n%x',
  '-1',
  '9'.repeat(400),
];

describe('every route', function () {
  this.timeout(30_000);
  let server: TestServer;
  let admin: LoggedIn;
  let user: LoggedIn;
  const { services } = buildRegistry();
  const routes: readonly Route[] = services.flatMap((service) => service.routes ?? []);
  const named = (route: Route): string => `${route.method.toUpperCase()} ${route.path}`;
  // Their caller would be logged out by the test itself.
  const ends = (route: Route): boolean => route.path.includes('logout') || route.method === 'delete';
  const pathOf = (route: Route, value = 'x'): string => route.path.replaceAll(/:\w+/gu, encodeURIComponent(value));
  const ask = async (route: Route, more: Call = {}, path = pathOf(route)): Promise<Reply> =>
    await server.call(route.method.toUpperCase(), path, {
      ...(route.auth === 'public' ? {} : { token: admin.accessToken }),
      ...more,
    });
  const pointers = (reply: Reply): string[] => (problemOf(reply).errors ?? []).map(({ pointer }) => pointer);
  const bodied = routes.filter((route) => route.body !== undefined);
  // An event of a machine is its type and whatever payload its chart takes; a JSON Resume may have members of others.
  // Bodies that are one of several kinds name the kind first: without it no other member is looked at.
  const open = [
    'POST /api/state-machines/:type/:id/event',
    'POST /api/users/:id/resume',
    'POST /api/auth/login/mfa',
    'POST /api/auth/step-up',
  ];

  before(async () => {
    server = await startServer(services);
    admin = await logInAdmin(server);
    user = await registerSomebody(server);
  });
  after(async () => await server.close());

  it('is found', () => {
    assert.ok(routes.length > 30 && bodied.length > 5, `${routes.length} routes, ${bodied.length} with a body`);
  });

  it('refuses members that are not its own, and changes nothing', async () => {
    for (const route of bodied.filter((each) => !open.includes(named(each)))) {
      const own = new Set(Object.keys(z.toJSONSchema(route.body as z.ZodType, { io: 'input' }).properties ?? {}));
      const extra = Object.fromEntries(Object.entries(notYours).filter(([name]) => !own.has(name)));
      const reply = await ask(route, { body: extra });
      assert.equal(reply.status, 422, `${named(route)} ${reply.text}`);
      const found = pointers(reply);
      for (const name of Object.keys(extra)) {
        assert.ok(found.includes(`/body/${name}`), `${named(route)} takes ${name}: ${found.join()}`);
      }
    }
  });

  it('refuses queries it does not know, and each parameter twice', async () => {
    for (const route of routes.filter((each) => !ends(each))) {
      const reply = await ask(route, {}, `${pathOf(route)}?isAdmin=true&id[$ne]=1`);
      assert.ok([400, 415, 422].includes(reply.status), `${named(route)} ${reply.status}`);
      if (reply.status === 422 && route.body === undefined) {
        assert.ok(pointers(reply).includes('/query/isAdmin'), `${named(route)} ${reply.text}`);
        assert.ok(pointers(reply).includes('/query/id[$ne]'), named(route));
      }
      const known = route.query ? Object.keys(z.toJSONSchema(route.query, { io: 'input' }).properties ?? {}) : [];
      for (const name of known) {
        const twice = await ask(route, {}, `${pathOf(route)}?${name}=1&${name}=2`);
        assert.equal(twice.status, 422, `${named(route)} takes ${name} twice`);
      }
    }
  });

  it('takes no operator of a query where it wants a value', async () => {
    for (const route of bodied) {
      const { properties = {} } = z.toJSONSchema(route.body as z.ZodType, { io: 'input' });
      const scalars = Object.entries(properties).filter(
        ([, schema]) =>
          typeof schema === 'object' && ['string', 'integer', 'number', 'boolean'].includes(String(schema.type)),
      );
      for (const operator of operators) {
        const reply = await ask(route, { body: Object.fromEntries(scalars.map(([name]) => [name, operator])) });
        assert.equal(reply.status, 422, named(route));
        for (const [name] of scalars) {
          assert.ok(
            pointers(reply).includes(`/body/${name}`),
            `${named(route)} takes ${JSON.stringify(operator)} as ${name}`,
          );
        }
      }
    }
  });

  // What hangs, or takes MongoDB longer than a request may, is a 503.
  it('answers odd texts in paths and queries, without a fault of its own or a header of theirs', async () => {
    for (const route of routes.filter((each) => each.method === 'get' && (each.params ?? each.query))) {
      const names = route.query ? Object.keys(z.toJSONSchema(route.query, { io: 'input' }).properties ?? {}) : [];
      const tries = texts.map(async (text) => {
        const pairs = names.map((name): [string, string] => [name, text]);
        const query = pairs.length > 0 ? `?${new URLSearchParams(pairs).toString()}` : '';
        const reply = await ask(route, {}, `${pathOf(route, text)}${query}`);
        assert.ok(reply.status < 500, `${named(route)} ${text}: ${reply.status}`);
        assert.equal(reply.headers.get('set-cookie'), null);
      });
      await Promise.all(tries);
    }
  });

  it('keeps prototypes as they are', async () => {
    for (const route of bodied) {
      for (const body of [
        '{"__proto__":{"isAdmin":true}}',
        '{"constructor":{"prototype":{"isAdmin":true}}}',
        '{"a":{"__proto__":{"isAdmin":true}}}',
      ]) {
        const { status } = await ask(route, { body });
        // A body that may have any member gets as far as the thing it is for, and there is none.
        const refused = open.includes(named(route)) ? [400, 404, 422] : [400, 422];
        assert.ok(refused.includes(status), `${named(route)} ${body}: ${status}`);
      }
    }
    assert.equal(({} as Record<string, unknown>)['isAdmin'], undefined);
  });

  it('takes JSON alone, of a bounded size and depth', async () => {
    for (const route of bodied) {
      const form = { 'content-type': 'application/x-www-form-urlencoded' };
      assert.equal((await ask(route, { body: 'a=1', headers: form })).status, 415, named(route));
      assert.equal((await ask(route, { body: '{"a":' })).status, 400, named(route));
      assert.equal((await ask(route, { body: { a: 'x'.repeat(70_000) } })).status, 413, named(route));
      const deep = `${'{"a":'.repeat(40)}1${'}'.repeat(40)}`;
      assert.equal((await ask(route, { body: deep })).status, 400, named(route));
    }
  });

  it('takes its own methods alone', async () => {
    const all = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND', 'M-SEARCH'];
    for (const path of new Set(routes.map((route) => route.path))) {
      const example = path.replaceAll(/:\w+/gu, 'x');
      const { headers } = await sendRaw(server.url, { method: 'TRACE', path: example });
      const allow = (headers.get('allow') ?? '').split(', ');
      const mounted = routes.filter((route) => route.path === path).map((route) => route.method.toUpperCase());
      assert.deepEqual(
        mounted.filter((method) => !allow.includes(method)),
        [],
        path,
      );
      for (const method of all.filter((each) => !allow.includes(each))) {
        const reply = await sendRaw(server.url, { method, path: example });
        assert.equal(reply.status, 405, `${method} ${path}`);
        assert.equal(problemOf(reply).code, 'request.method-not-allowed');
      }
    }
  });

  it('tells nobody without the permission more than that', async () => {
    for (const route of routes.filter((each) => typeof each.auth === 'object')) {
      const reply = await server.call(route.method.toUpperCase(), pathOf(route), { token: user.accessToken });
      assert.equal(problemOf(reply).code, 'auth.forbidden', named(route));
      const nobody = await server.call(route.method.toUpperCase(), pathOf(route));
      assert.equal(problemOf(nobody).code, 'auth.unauthenticated', named(route));
    }
  });

  it('has no pattern that a text can make slow', async () => {
    const { body } = await server.call('GET', '/api/openapi.json');
    const patterns = new Set<string>();
    const walk = (value: unknown): void => {
      if (typeof value === 'object' && value !== null) {
        const { pattern } = value as { pattern?: unknown };
        if (typeof pattern === 'string') {
          patterns.add(pattern);
        }
        Object.values(value).forEach(walk);
      }
    };
    walk(body);
    assert.ok(patterns.size > 10, `${patterns.size} patterns`);
    const pieces = [
      'a',
      'A',
      '0',
      ' ',
      '-',
      '.',
      '_',
      ':',
      '/',
      '@',
      '"',
      ',',
      '+',
      'a.',
      'a-',
      '0.',
      'a@',
      '0:',
      'a,',
      ' ,',
      '\t',
      'é',
      '00',
    ];
    const takesLong = (pattern: string, text: string): boolean => {
      try {
        // A match cannot be interrupted from outside, but by the clock of a context of its own.
        vm.runInNewContext('new RegExp(pattern, "u").test(text)', { pattern, text }, { timeout: 500 });
        return false;
      } catch {
        return true;
      }
    };
    const slow: string[] = [];
    for (const pattern of patterns) {
      for (const piece of pieces) {
        for (const text of [
          `${piece.repeat(30_000)}\u0001`,
          `a@${piece.repeat(30_000)}\u0001`,
          `"${piece.repeat(30_000)}`,
        ]) {
          // Three times: a machine that stood still for a moment is no slow pattern.
          if ([1, 2, 3].every(() => takesLong(pattern, text))) {
            slow.push(`${pattern} with many ${JSON.stringify(piece)}`);
            break;
          }
        }
      }
    }
    assert.deepEqual(slow, []);
  });
});
