// Roles at run time: made, changed, given and taken over HTTP, counting at once, audited, with somebody always left admin.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { io, type Socket } from 'socket.io-client';
import { audit } from '#src/platform/audit/audit.ts';
import { operations } from '#src/platform/commands/operations.ts';
import { collections } from '#src/platform/mongo/collection.ts';
import { createRealtime, type Realtime } from '#src/platform/realtime/server.ts';
import { hint } from '#src/platform/redis/hints.ts';
import { authService } from '#src/services/auth/index.ts';
import { userService } from '#src/services/user/index.ts';
import { mayReadFeed } from '#src/services/websocket/index.ts';
import { logInAdmin, registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { eventually } from '../../support/eventually.ts';
import { problemOf, startServer, type Reply, type TestServer } from '../../support/http.ts';

interface Role {
  readonly name: string;
  readonly permissions: readonly string[];
  readonly rev: number;
}

interface ActsPage {
  readonly data: readonly { action: string; actor: string; target: Record<string, string>; outcome: string }[];
}

describe('roles', () => {
  let server: TestServer;
  let realtime: Realtime;
  let admin: LoggedIn;
  const opened: Socket[] = [];

  before(async () => {
    server = await startServer([userService, authService, audit, operations], { sockets: true });
    realtime = createRealtime(server.http, mayReadFeed);
    admin = await logInAdmin(server);
  });
  after(async () => {
    opened.forEach((socket) => socket.disconnect());
    await realtime.close();
    await server.close();
  });

  const call = async (method: string, path: string, body?: object, by = admin, headers = {}): Promise<Reply> =>
    await server.call(method, `/api${path}`, { token: by.accessToken, headers, ...(body ? { body } : {}) });
  const give = async (whom: LoggedIn, roles: readonly string[], by = admin): Promise<Reply> =>
    await call('PUT', `/users/${whom.user.id}/roles`, { roles }, by);
  const person = async (...roles: readonly string[]): Promise<LoggedIn> => {
    const somebody = await registerSomebody(server);
    if (roles.length > 0) {
      assert.equal((await give(somebody, ['user', ...roles])).status, 200);
    }
    return somebody;
  };
  const role = async (name: string, ...permissions: readonly string[]): Promise<Role> => {
    const reply = await call('POST', '/roles', { name, permissions });
    assert.equal(reply.status, 201, reply.text);
    return reply.body as Role;
  };
  const mayReadRoles = async (who: LoggedIn): Promise<boolean> =>
    (await call('GET', '/roles', undefined, who)).status === 200;
  const codeOf = (reply: Reply): [number, string] => [reply.status, problemOf(reply).code];

  it('are listed with what each may, and read one by one', async () => {
    const { data } = (await call('GET', '/roles')).body as { data: Role[] };
    assert.deepEqual(
      data.map(({ name }) => name),
      ['admin', 'auditor', 'legal', 'moderator', 'service', 'user'],
    );
    for (const each of data) {
      const one = await call('GET', `/roles/${each.name}`);
      assert.deepEqual(one.body, each);
      assert.equal(one.headers.get('etag'), `"${each.rev}"`);
    }
    assert.deepEqual(codeOf(await call('GET', '/roles/emperor')), [404, 'user.role-not-found']);
    const first = (await call('GET', '/roles?limit=4')).body as { page: { nextCursor: string } };
    const rest = (await call('GET', `/roles?cursor=${first.page.nextCursor}`)).body as { data: Role[] };
    assert.deepEqual(
      rest.data.map(({ name }) => name),
      ['service', 'user'],
    );
  });

  it('count at once when they are given, taken, or may something else', async () => {
    const guide = await role('guide', 'audit.read');
    const ada = await person();
    assert.equal(await mayReadRoles(ada), false);
    assert.equal((await give(ada, ['user', 'guide'])).status, 200);
    assert.equal(await mayReadRoles(ada), false);
    const tag = { 'if-match': '"9"' };
    const stale = await call('PUT', '/roles/guide', { permissions: ['role.read'] }, admin, tag);
    assert.deepEqual(codeOf(stale), [412, 'request.precondition-failed']);
    const before = (await call('GET', '/roles/guide')).body as Role;
    assert.ok(before.rev > guide.rev);
    const match = { 'if-match': `"${before.rev}"` };
    const changed = await call('PUT', '/roles/guide', { permissions: ['role.read'] }, admin, match);
    assert.deepEqual((changed.body as Role).permissions, ['role.read']);
    assert.equal(await mayReadRoles(ada), true);
    await give(ada, ['user']);
    assert.equal(await mayReadRoles(ada), false);
    await give(ada, ['guide']);
    assert.equal(await mayReadRoles(ada), true);
    const own = await call('GET', `/users/${ada.user.id}/roles`, undefined, ada);
    assert.deepEqual(own.body, { userId: ada.user.id, roles: ['guide'], permissions: ['role.read'], rev: 3 });
  });

  it('count within a second where another node changed them and its hint was lost, at once where it was heard', async () => {
    const ada = await person();
    const users = collections.get('users')?.native();
    const changes = collections.get('right_changes')?.native();
    const elsewhere = async (...roles: readonly string[]): Promise<void> => {
      await users?.updateOne({ _id: ada.user.id }, { $set: { roles } });
      await changes?.replaceOne({ _id: ada.user.id }, { at: new Date(), rev: 0 }, { upsert: true });
    };
    assert.equal(await mayReadRoles(ada), false);
    await elsewhere('user', 'auditor');
    await eventually(async () => assert.equal(await mayReadRoles(ada), true), 2_500);

    const bea = await person('auditor');
    assert.equal(await mayReadRoles(bea), true);
    await users?.updateOne({ _id: bea.user.id }, { $set: { roles: ['user'] } });
    // No row of the change: nothing but the hint can tell.
    hint('rights', { userId: bea.user.id, at: Date.now() });
    await eventually(async () => assert.equal(await mayReadRoles(bea), false), 900);
  });

  it('are not given, taken or made by those who have less', async () => {
    await role('clerk', 'role.read', 'role.write', 'audit.read');
    await role('smith', 'audit.read');
    const clerk = await person('clerk');
    const somebody = await person();
    const auditor = await person('auditor');
    assert.equal((await give(somebody, ['user', 'smith'], clerk)).status, 200);
    for (const [whom, roles] of [
      [somebody, ['user', 'admin']],
      [somebody, ['user', 'auditor']],
      [clerk, ['clerk', 'service']],
      [auditor, ['user']],
      [admin, ['user']],
    ] as const) {
      assert.deepEqual(codeOf(await give(whom, roles, clerk)), [403, 'user.role-above-yours'], roles.join());
    }
    for (const [method, path, body] of [
      ['PUT', '/roles/clerk', { permissions: ['role.write', 'xp.grant'] }],
      ['PUT', '/roles/auditor', { permissions: [] }],
      ['POST', '/roles', { name: 'baron', permissions: ['user.create'] }],
    ] as const) {
      assert.deepEqual(codeOf(await call(method, path, body, clerk)), [403, 'user.role-above-yours'], path);
    }
  });

  it('take what exists: unknown permissions and roles are 422, admin stays as it is, built-in ones stay', async () => {
    const permissions = ['xp.grant', 'world.rule'];
    assert.equal((await call('PUT', '/roles/legal', { permissions })).status, 422);
    assert.equal((await call('POST', '/roles', { name: 'Baron', permissions: [] })).status, 422);
    assert.equal((await call('POST', '/roles', { name: 'baron', permissions: [], rev: 1 })).status, 422);
    const unknown = problemOf(await give(await person(), ['user', 'emperor']));
    assert.deepEqual(unknown.errors, [{ pointer: '/body/roles/1', code: 'role', detail: 'There is no role emperor' }]);
    assert.deepEqual(codeOf(await call('PUT', '/roles/admin', { permissions: [] })), [409, 'user.role-fixed']);
    assert.deepEqual(codeOf(await call('DELETE', '/roles/legal')), [409, 'user.role-fixed']);
    assert.deepEqual(codeOf(await call('POST', '/roles', { name: 'user', permissions: [] })), [
      409,
      'user.role-exists',
    ]);
    assert.equal((await call('PUT', '/users/nobody/roles', { roles: ['user'] })).status, 404);
  });

  it('are removed when nobody has them, and never while somebody is given one', async () => {
    await role('herald');
    const ada = await person('herald');
    assert.deepEqual(codeOf(await call('DELETE', '/roles/herald')), [409, 'user.role-in-use']);
    await give(ada, ['user']);
    assert.equal((await call('DELETE', '/roles/herald')).status, 204);
    assert.deepEqual(codeOf(await call('DELETE', '/roles/herald')), [404, 'user.role-not-found']);
    assert.equal((await give(ada, ['user', 'herald'])).status, 422);
    assert.ok((await role('herald')).rev > 0);
    for (let round = 0; round < 8; round += 1) {
      const [given, removed] = await Promise.all([give(ada, ['user', 'herald']), call('DELETE', '/roles/herald')]);
      assert.ok(given.status === 200 || removed.status === 204, `${given.status} and ${removed.status}`);
      assert.ok(given.status !== 200 || removed.status !== 204, 'given and removed');
      await give(ada, ['user']);
      await call('POST', '/roles', { name: 'herald', permissions: [] });
    }
  });

  it('leave somebody admin, whoever goes first', async () => {
    assert.deepEqual(codeOf(await give(admin, ['user'])), [409, 'user.last-admin']);
    const second = await person('admin');
    const both = await Promise.all([give(admin, ['user'], second), give(second, ['user'], admin)]);
    const statuses = both.map(({ status }) => status).toSorted((left, right) => left - right);
    assert.equal(statuses[0], 200, statuses.join());
    assert.ok([403, 409].includes(statuses[1] ?? 0), statuses.join());
    const left = both[0].status === 200 ? second : admin;
    assert.equal((await give(admin, ['user', 'admin'], left)).status, 200);
    assert.equal((await give(second, ['user'], admin)).status, 200);
  });

  it('of others are nobody’s business', async () => {
    const [ada, bea, auditor] = [await person(), await person(), await person('auditor')];
    const path = `/users/${ada.user.id}/roles`;
    assert.deepEqual(codeOf(await call('GET', path, undefined, bea)), [404, 'user.not-found']);
    assert.equal((await call('GET', path, undefined, auditor)).status, 200);
    assert.deepEqual(codeOf(await give(ada, ['user'], auditor)), [403, 'auth.forbidden']);
  });

  it('are taken from sockets too: the rooms they opened are left', async () => {
    const [ada, bea] = [await person('moderator'), await person()];
    const feed = `user.${bea.user.id}`;
    const socket = io(server.url, { transports: ['websocket'], auth: { token: ada.accessToken }, reconnection: false });
    opened.push(socket);
    const subscribe = async (name: string): Promise<{ ok: boolean }> =>
      (await socket.timeout(5_000).emitWithAck('subscribe', { feed: name })) as { ok: boolean };
    for (const name of ['platform', feed]) {
      assert.equal((await subscribe(name)).ok, true);
    }
    const told = new Promise((resolve) => socket.once('unsubscribed', resolve));
    await give(ada, ['user']);
    assert.deepEqual(await told, { feed });
    const rooms = realtime.io.of('/').adapter.rooms;
    assert.deepEqual([rooms.has(feed), rooms.has('platform'), rooms.has(`user.${ada.user.id}`)], [false, true, true]);
    assert.equal((await subscribe(feed)).ok, false);
    await give(ada, ['user', 'moderator']);
    assert.equal((await subscribe(feed)).ok, true);
    const again = new Promise((resolve) => socket.once('unsubscribed', resolve));
    await call('PUT', '/roles/moderator', { permissions: ['user.read.any'] });
    assert.deepEqual(await again, { feed });
  });

  it('leave an act in the audit for each change, and none for what was refused', async () => {
    const acts = async (action: string): Promise<ActsPage['data']> =>
      ((await call('GET', `/audit?action=${action}&limit=1`)).body as ActsPage).data;
    await role('scribe', 'audit.read');
    const ada = await person('scribe');
    const actor = admin.user.id;
    const outcome = 'done';
    const [made] = await acts('role.make');
    const target = { role: 'scribe', gained: 'audit.read', lost: '' };
    assert.deepEqual({ ...made, target }, { ...made, actor, outcome, target });
    const [given] = await acts('user.roles.set');
    assert.deepEqual(given?.target, { user: ada.user.id, given: 'scribe', taken: '' });
    await call('PUT', '/roles/scribe', { permissions: ['role.read'] });
    assert.deepEqual((await acts('role.change'))[0]?.target, {
      role: 'scribe',
      gained: 'role.read',
      lost: 'audit.read',
    });
    const count = async (): Promise<number> => ((await call('GET', '/audit?limit=100')).body as ActsPage).data.length;
    const before = await count();
    await call('PUT', '/roles/admin', { permissions: [] });
    await give(admin, ['user']);
    assert.equal(await count(), before);
    const body = { email: 'new@example.test', name: 'New' };
    const { id } = (await call('POST', '/users/create', body)).body as { id: string };
    assert.deepEqual((await acts('user.create'))[0]?.target, { user: id, roles: 'user' });
    await call('POST', '/dead-letters/redrive', { ids: ['none'] });
    assert.deepEqual((await acts('deadletter.redrive'))[0]?.target, { count: '0', ids: '' });
  });
});
