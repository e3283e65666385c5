// Suspended accounts: their sessions end at once, nobody logs in, nobody finds them, and every act is on record.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { audit } from '#src/platform/audit/audit.ts';
import { newId } from '#src/platform/ids.ts';
import { authService } from '#src/services/auth/index.ts';
import { userService } from '#src/services/user/index.ts';
import { ventureService } from '#src/services/venture/index.ts';
import { logIn, logInAdmin, password, registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { problemOf, startServer, type Reply, type TestServer } from '../../support/http.ts';
import { tie } from '../../support/people.ts';

describe('suspended accounts', () => {
  let server: TestServer;
  let admin: LoggedIn;
  let moderator: LoggedIn;
  let other: LoggedIn;

  before(async () => {
    server = await startServer([userService, authService, ventureService, audit]);
    admin = await logInAdmin(server);
    other = await registerSomebody(server, 'Other');
    const email = 'moderator@example.test';
    const body = { email, name: 'Mod', password, roles: ['user', 'moderator'] };
    await server.call('POST', '/api/users/create', { token: admin.accessToken, body });
    moderator = await logIn(server, email);
  });
  after(async () => await server.close());

  const set = async (who: LoggedIn, id: string, verb: string, body: unknown = { reason: 'Spam' }): Promise<Reply> =>
    await server.call('POST', `/api/users/${id}/${verb}`, { token: who.accessToken, body });
  const see = async (who: LoggedIn, path: string): Promise<Reply> =>
    await server.call('GET', path, { token: who.accessToken });

  it('are out at once and cannot come back, until they are let in', async () => {
    const somebody = await registerSomebody(server, 'Sue Spender');
    const { id, email } = somebody.user;
    // Redis knows now that the session lives.
    assert.equal((await see(somebody, `/api/users/${other.user.id}`)).status, 200);
    const reply = await set(moderator, id, 'suspend');
    assert.deepEqual([reply.status, reply.body], [200, { id, status: 'suspended' }]);
    assert.equal((await see(somebody, `/api/users/${other.user.id}`)).status, 401);
    const refreshed = await server.call('POST', '/api/auth/refresh', { body: { refreshToken: somebody.refreshToken } });
    assert.equal(refreshed.status, 401);
    const right = await server.call('POST', '/api/auth/login', { body: { email, password } });
    assert.deepEqual([right.status, problemOf(right).code], [403, 'auth.account-suspended']);
    const wrong = await server.call('POST', '/api/auth/login', { body: { email, password: `${password}!` } });
    assert.deepEqual([wrong.status, problemOf(wrong).code], [401, 'auth.invalid-credentials']);

    assert.equal((await set(moderator, id, 'activate', { reason: 'A mistake' })).status, 200);
    assert.equal((await logIn(server, email)).user.id, id);
  });

  it('lend nothing to their API keys, until they are let in', async () => {
    const somebody = await registerSomebody(server, 'Kay Keeper');
    const { id } = somebody.user;
    const body = { name: 'Robot', scopes: ['self.read'] };
    const made = await server.call('POST', '/api/auth/api-keys', { token: somebody.accessToken, body });
    assert.equal(made.status, 201, made.text);
    const { key: token } = made.body as { key: string };
    const used = async (): Promise<number> => (await server.call('GET', `/api/users/${id}`, { token })).status;
    assert.equal(await used(), 200);
    await set(moderator, id, 'suspend');
    assert.equal(await used(), 401);
    await set(moderator, id, 'activate', { reason: 'A mistake' });
    assert.equal(await used(), 200);
  });

  it('are nobody to others, and marked for those who may read anybody', async () => {
    const { id } = (await registerSomebody(server, 'Hidden Person')).user;
    await set(moderator, id, 'suspend');
    assert.equal((await see(other, `/api/users/${id}`)).status, 404);
    const asked = await server.call('POST', `/api/users/${id}/connections`, { token: other.accessToken, body: {} });
    assert.equal(problemOf(asked).code, 'user.not-found');
    assert.deepEqual(((await see(other, '/api/users/?q=hidden')).body as { data: unknown[] }).data, []);
    const shown = (await see(moderator, `/api/users/${id}`)).body as { status?: string };
    assert.equal(shown.status, 'suspended');
    await set(moderator, id, 'activate');
    assert.equal((await see(other, `/api/users/${id}`)).status, 200);
  });

  it('are in no list, endorsed and looked at by nobody, as the single read has it', async () => {
    const [ada, eve] = [await registerSomebody(server, 'Ada'), await registerSomebody(server, 'Eve')];
    const post = async (who: LoggedIn, path: string, body: object): Promise<Reply> =>
      await server.call('POST', path, { token: who.accessToken, body });
    for (const who of [ada, eve]) {
      await post(who, `/api/users/${who.user.id}/skills`, { name: 'Rockets' });
    }
    await tie(ada.user.id, eve.user.id);
    const endorsements = (whom: LoggedIn): string => `/api/users/${whom.user.id}/skills/rockets/endorsements`;
    assert.equal((await post(eve, endorsements(ada), {})).status, 201);
    const venture = (await post(ada, '/api/ventures/create', { name: 'Of Ada' })).body as { id: string };
    await post(ada, `/api/ventures/${venture.id}/invitations`, { userId: eve.user.id, role: 'member' });
    await post(eve, `/api/ventures/${venture.id}/invitations/${eve.user.id}/accept`, {});
    const seen = async (): Promise<unknown[]> => {
      const lists = [
        `/api/users/${ada.user.id}/connections`,
        endorsements(ada),
        `/api/ventures/${venture.id}/team`,
        '/api/users/?q=eve',
      ];
      const names: unknown[] = [];
      for (const path of lists) {
        names.push((await see(ada, path)).text.includes('"Eve"'));
      }
      const activity = await see(other, `/api/users/${ada.user.id}/activity?types=skill.endorsed`);
      return [...names, activity.text.includes(eve.user.id)];
    };
    const acts = async (): Promise<number[]> => [
      (await post(ada, endorsements(eve), {})).status,
      (await server.call('POST', `/api/users/${eve.user.id}/views`, { token: ada.accessToken })).status,
    ];
    assert.deepEqual(await seen(), [true, true, true, true, true]);
    await set(moderator, eve.user.id, 'suspend');
    assert.deepEqual(
      [await seen(), await acts()],
      [
        [false, false, false, false, false],
        [404, 404],
      ],
    );
    await set(moderator, eve.user.id, 'activate');
    assert.deepEqual(
      [await seen(), await acts()],
      [
        [true, true, true, true, true],
        [201, 204],
      ],
    );
  });

  it('and others show all they have to those who may read anybody, by the one rule', async () => {
    const { accessToken, user } = await registerSomebody(server, 'Private Person');
    const body = { name: 'Secrets', visibility: 'private' };
    await server.call('POST', `/api/users/${user.id}/skills`, { token: accessToken, body });
    const skillsFor = async (who: LoggedIn): Promise<unknown> =>
      ((await see(who, `/api/users/${user.id}/skills`)).body as { data: { visibility?: string }[] }).data.map(
        ({ visibility }) => visibility,
      );
    assert.deepEqual([await skillsFor(other), await skillsFor(moderator)], [[], ['private']]);
  });

  it('are on record, once for each act', async () => {
    const { id } = (await registerSomebody(server, 'Recorded')).user;
    await set(moderator, id, 'suspend', { reason: 'First' });
    await set(moderator, id, 'suspend', { reason: 'Again' });
    const { body } = await see(admin, `/api/audit?actor=${moderator.user.id}&limit=100`);
    const acts = (body as { data: { action: string; target: Record<string, string>; outcome: string }[] }).data;
    assert.deepEqual(
      acts
        .filter(({ target }) => target['user'] === id)
        .map(({ action, target, outcome }) => [action, target, outcome]),
      [['user.suspend', { user: id, reason: 'First' }, 'done']],
    );
  });

  it('need the permission, a reason, and somebody else who is no admin', async () => {
    const { id } = other.user;
    assert.equal((await set(other, admin.user.id, 'suspend')).status, 403);
    for (const [who, target, code] of [
      [moderator, newId(), 'user.not-found'],
      [moderator, moderator.user.id, 'user.not-yourself'],
      [moderator, admin.user.id, 'user.only-by-admins'],
    ] as const) {
      assert.equal(problemOf(await set(who, target, 'suspend')).code, code);
    }
    for (const body of [{}, { reason: '' }, { reason: 'x'.repeat(201) }, { reason: 'x', status: 'active' }]) {
      assert.equal((await set(moderator, id, 'suspend', body)).status, 422);
    }
    assert.equal((await server.call('POST', `/api/users/${id}/suspend`, { body: { reason: 'x' } })).status, 401);
  });
});
