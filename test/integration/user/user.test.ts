// Accounts made by admins, and who sees what of whom, over HTTP.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import mongoose from 'mongoose';
import { z } from 'zod';
import { Roles } from '#src/platform/auth/permissions.ts';
import { Overlay } from '#src/platform/commands/overlay.ts';
import { Work } from '#src/platform/commands/work.ts';
import { Events } from '#src/platform/events/event.ts';
import { newId } from '#src/platform/ids.ts';
import { authService } from '#src/services/auth/index.ts';
import { createAccount, namesOf, readUsers, userIn, userService } from '#src/services/user/index.ts';
import { logIn, logInAdmin, password, registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { problemOf, startServer, type Reply, type TestServer } from '../../support/http.ts';

const userShape = z.strictObject({
  id: z.string(),
  name: z.string(),
  email: z.string().optional(),
  roles: z.array(z.string()).optional(),
  createdAt: z.iso.datetime(),
});
const pageShape = z.strictObject({
  data: z.array(userShape),
  page: z.strictObject({ nextCursor: z.string().nullable(), hasMore: z.boolean() }),
});

describe('users', () => {
  let server: TestServer;
  let admin: LoggedIn;
  let somebody: LoggedIn;
  let count = 0;
  const address = (): string => `made${(count += 1)}@example.test`;

  before(async () => {
    server = await startServer([userService, authService]);
    admin = await logInAdmin(server);
    somebody = await registerSomebody(server, 'Some Body');
  });
  after(async () => await server.close());

  const create = async (body: object, key?: string, token = admin.accessToken): Promise<Reply> =>
    await server.call('POST', '/api/users/create', {
      token,
      body,
      headers: key === undefined ? {} : { 'Idempotency-Key': key },
    });
  const passwordHashOf = async (email: string): Promise<unknown> =>
    (await mongoose.connection.collection('users').findOne({ email }))?.['passwordHash'];

  describe('POST /api/users/create', () => {
    it('makes an account that can log in', async () => {
      const email = address();
      const reply = await create({ email, name: 'Ada', password, roles: ['user', 'moderator'] });
      assert.equal(reply.status, 201);
      const made = userShape.parse(reply.body);
      assert.deepEqual([made.email, made.name, made.roles], [email, 'Ada', ['user', 'moderator']]);
      assert.equal(reply.headers.get('location'), `/api/users/${made.id}`);
      assert.equal((await logIn(server, email)).user.id, made.id);
      const events = await Events.native()
        .find({ subject: `user.${made.id}` })
        .toArray();
      assert.deepEqual(
        events.map(({ type, actor }) => [type, actor]),
        [['user.registered', admin.user.id]],
      );
    });

    it('makes one without a password that cannot log in', async () => {
      const email = address();
      assert.equal((await create({ email, name: 'Bot' })).status, 201);
      const reply = await server.call('POST', '/api/auth/login', { body: { email, password } });
      assert.equal(problemOf(reply).code, 'auth.invalid-credentials');
    });

    it('answers a repeat under the same key with the first answer', async () => {
      const body = { email: address(), name: 'Twice', password };
      const [first, second] = [await create(body, 'twice'), await create(body, 'twice')];
      assert.deepEqual([second.status, second.body], [201, first.body]);
      assert.equal(first.headers.get('idempotency-replayed'), null);
      assert.equal(second.headers.get('idempotency-replayed'), 'true');
    });

    it('refuses another request under the same key, another password too', async () => {
      const body = { email: address(), name: 'Key', password };
      assert.equal((await create(body, 'other')).status, 201);
      for (const change of [{ name: 'Other' }, { email: address() }, { password: 'another password' }]) {
        assert.equal(problemOf(await create({ ...body, ...change }, 'other')).code, 'idempotency.body-differs');
      }
      assert.equal((await logIn(server, body.email)).user.email, body.email);
    });

    it('completes under the same key what a crash left without its password', async () => {
      const email = address();
      const context = {
        caller: { userId: admin.user.id },
        requestId: newId(),
        traceparent: undefined,
        header: (name: string) => (name === 'idempotency-key' ? 'crash' : undefined),
      };
      await server.submit(context, createAccount, { email, name: 'Crash', roles: ['user'] }, 201);
      assert.equal(await passwordHashOf(email), undefined);
      assert.equal((await create({ email, name: 'Crash', password }, 'crash')).status, 201);
      assert.equal((await logIn(server, email)).user.email, email);
    });

    it('keeps no credential in a work row', async () => {
      await create({ email: address(), name: 'Row', password }, 'row');
      const rows = JSON.stringify(await Work.native().find({}).toArray());
      assert.ok(rows.includes('user.account.create'));
      assert.equal(rows.includes('$argon2id'), false);
      assert.equal(rows.includes(password), false);
    });

    it('says that an address is taken', async () => {
      const reply = await create({ email: somebody.user.email, name: 'Other' });
      assert.deepEqual([reply.status, problemOf(reply).code], [409, 'auth.email-taken']);
    });

    it('needs a token and the permission', async () => {
      const body = { email: address(), name: 'No' };
      assert.equal((await server.call('POST', '/api/users/create', { body })).status, 401);
      const reply = await create(body, undefined, somebody.accessToken);
      assert.deepEqual([reply.status, problemOf(reply).code], [403, 'auth.forbidden']);
      assert.equal(await mongoose.connection.collection('users').countDocuments({ email: body.email }), 0);
    });

    it('gives no role that may more than who gives it', async () => {
      await Roles.native().insertOne({ _id: 'host', permissions: ['user.create', 'user.read.any'], rev: 0 });
      const email = address();
      assert.equal((await create({ email, name: 'Host', password, roles: ['host'] })).status, 201);
      const host = await logIn(server, email);
      for (const role of ['admin', 'service', 'auditor']) {
        const reply = await create({ email: address(), name: 'Up', roles: [role] }, undefined, host.accessToken);
        assert.equal(problemOf(reply).code, 'user.role-above-yours', role);
      }
      const fine = await create(
        { email: address(), name: 'Down', roles: ['user', 'legal'] },
        undefined,
        host.accessToken,
      );
      assert.equal(fine.status, 201);
    });

    it('refuses roles nobody knows, members nobody asked for, and values that do not fit', async () => {
      const good = { email: address(), name: 'X' };
      for (const [change, pointer] of [
        [{ roles: ['user', 'emperor'] }, '/body/roles/1'],
        [{ roles: [] }, '/body/roles'],
        [{ roles: 'admin' }, '/body/roles'],
        [{ email: 'x' }, '/body/email'],
        [{ password: 'short' }, '/body/password'],
        [{ passwordHash: 'x' }, '/body/passwordHash'],
        [{ _id: 'x' }, '/body/_id'],
      ] as const) {
        const problem = problemOf(await create({ ...good, ...change }));
        assert.deepEqual([problem.status, problem.errors?.[0]?.pointer], [422, pointer]);
      }
    });
  });

  describe('GET /api/users/:id', () => {
    const get = async (id: string, token?: string): Promise<Reply> =>
      await server.call('GET', `/api/users/${id}`, token === undefined ? {} : { token });

    it('shows all of oneself, and the name of others', async () => {
      const own = userShape.parse((await get(somebody.user.id, somebody.accessToken)).body);
      assert.equal(own.email, somebody.user.email);
      const other = userShape.parse((await get(admin.user.id, somebody.accessToken)).body);
      assert.deepEqual(Object.keys(other).sort(), ['createdAt', 'id', 'name']);
      const read = userShape.parse((await get(somebody.user.id, admin.accessToken)).body);
      assert.equal(read.email, somebody.user.email);
    });

    it('needs a token, and somebody who is there', async () => {
      assert.equal((await get(somebody.user.id)).status, 401);
      assert.equal(problemOf(await get(newId(), somebody.accessToken)).code, 'user.not-found');
      assert.equal((await get('a%00b', somebody.accessToken)).status, 422);
    });
  });

  describe('GET /api/users/', () => {
    const list = async (query: string, token = somebody.accessToken): Promise<z.output<typeof pageShape>> =>
      pageShape.parse((await server.call('GET', `/api/users/${query}`, { token })).body);

    before(async () => {
      for (const name of ['Zoë Ä', 'zoë b', 'ZOË c', 'Zo$', 'Z.*']) {
        await create({ email: address(), name });
      }
    });

    it('finds names by their beginning, in any case, and nothing else by them', async () => {
      const names = async (q: string): Promise<string[]> =>
        (await list(`?q=${encodeURIComponent(q)}`)).data.map(({ name }) => name);
      assert.deepEqual(
        await names('zoë'),
        ['Zoë Ä', 'zoë b', 'ZOË c'].sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1)),
      );
      assert.deepEqual(await names('zo$'), ['Zo$']);
      assert.deepEqual(await names('z.*'), ['Z.*']);
      assert.deepEqual(await names('.*'), []);
      assert.deepEqual(await names('oë'), []);
    });

    it('walks through all pages, each person once', async () => {
      const seen: string[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const { data, page }: z.output<typeof pageShape> = await list(`?limit=3${cursor && `&cursor=${cursor}`}`);
        seen.push(...data.map(({ id }) => id));
        assert.equal(page.hasMore, page.nextCursor !== null);
        cursor = page.nextCursor;
      }
      const all = await mongoose.connection.collection('users').countDocuments({});
      assert.equal(seen.length, all);
      assert.equal(new Set(seen).size, all);
    });

    it('shows e-mail addresses, and finds by them, only for those who may', async () => {
      const q = `?q=${encodeURIComponent(somebody.user.email.toUpperCase())}`;
      assert.deepEqual((await list(q)).data, []);
      const [found] = (await list(q, admin.accessToken)).data;
      assert.equal(found?.id, somebody.user.id);
      const mine = (await list('')).data.filter(({ email }) => email !== undefined);
      assert.deepEqual(
        mine.map(({ id }) => id),
        [somebody.user.id],
      );
    });

    it('refuses cursors of other lists and searches, and odd limits', async () => {
      const { page } = await list('?limit=1');
      for (const query of [
        '?cursor=abc',
        `?q=z&cursor=${page.nextCursor}`,
        '?limit=0',
        '?limit=101',
        '?offset=1',
        '?q[$ne]=1',
        '?q=a&q=b',
      ]) {
        const reply = await server.call('GET', `/api/users/${query}`, { token: somebody.accessToken });
        assert.equal(problemOf(reply).code, 'request.invalid', query);
      }
      assert.equal((await server.call('GET', '/api/users/')).status, 401);
    });
  });

  it('are known to other services by id and name only', async () => {
    const ids = [somebody.user.id, 'nobody'];
    assert.deepEqual([...(await namesOf(ids))], [[somebody.user.id, 'Some Body']]);
    const state = new Overlay();
    await readUsers(state, ids);
    assert.deepEqual(userIn(state, somebody.user.id), { id: somebody.user.id, name: 'Some Body' });
    assert.equal(userIn(state, 'nobody'), null);
  });
});
