// Ventures and their teams over HTTP.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { Events } from '#src/platform/events/event.ts';
import { authService } from '#src/services/auth/index.ts';
import { userService } from '#src/services/user/index.ts';
import { ventureService } from '#src/services/venture/index.ts';
import { websocketService } from '#src/services/websocket/index.ts';
import { logInAdmin, registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { startServer, type Reply, type TestServer } from '../../support/http.ts';
import { codeOf, ventureCalls, type ShownVenture } from '../../support/ventures.ts';

describe('ventures', () => {
  let server: TestServer;
  let owner: LoggedIn;
  let ada: LoggedIn;
  let bob: LoggedIn;
  let stranger: LoggedIn;
  let admin: LoggedIn;

  before(async () => {
    server = await startServer([userService, authService, ventureService, websocketService]);
    admin = await logInAdmin(server);
    owner = await registerSomebody(server, 'Owner');
    ada = await registerSomebody(server, 'Ada');
    bob = await registerSomebody(server, 'Bob');
    stranger = await registerSomebody(server, 'Stranger');
  });
  after(async () => await server.close());
  const { call, create, teamOf, invite, answer, join } = ventureCalls(() => ({ server, owner }));

  describe('a venture', () => {
    it('belongs to whoever begins it, once under one key', async () => {
      const headers = { 'Idempotency-Key': 'begin' };
      const first = await call(owner, 'POST', '/create', { name: 'Once' }, headers);
      const again = await call(owner, 'POST', '/create', { name: 'Once' }, headers);
      const { id, state, team } = first.body as ShownVenture;
      assert.deepEqual([first.status, state, again.body], [201, 'active', first.body]);
      assert.deepEqual(
        team.map(({ userId, role }) => [userId, role]),
        [[owner.user.id, 'owner']],
      );
      const events = await Events.native()
        .find({ subject: `venture.${id}` })
        .toArray();
      assert.deepEqual(
        events.map(({ type, audience }) => [type, audience]),
        [['venture.created', [`venture.${id}`, `user.${owner.user.id}`]]],
      );
    });

    it('is changed by its owner and admins only, and not over somebody else’s change', async () => {
      const { id } = await create();
      await join(id, ada, 'admin');
      await join(id, bob, 'member');
      assert.deepEqual(codeOf(await call(bob, 'PUT', `/${id}`, { stage: 'launched' })), [403, 'venture.role-too-low']);
      assert.deepEqual(codeOf(await call(stranger, 'PUT', `/${id}`, { name: 'Mine' })), [403, 'venture.role-too-low']);
      const read = await call(ada, 'GET', `/${id}`);
      const etag = { 'If-Match': read.headers.get('etag') ?? '' };
      assert.equal(etag['If-Match'], `"${id}-${(read.body as { version: number }).version}"`);
      const blind = await call(ada, 'PUT', `/${id}`, { stage: 'idea' });
      assert.deepEqual(codeOf(blind), [428, 'request.precondition-required']);
      const changed = await call(ada, 'PUT', `/${id}`, { stage: 'launched', website: 'https://example.test/a' }, etag);
      assert.equal(changed.status, 200);
      const late = await call(ada, 'PUT', `/${id}`, { stage: 'idea' }, etag);
      assert.deepEqual(codeOf(late), [412, 'request.precondition-failed']);
      assert.deepEqual((await call(bob, 'GET', `/${id}`)).body, changed.body);
      assert.equal((await call(admin, 'PUT', `/${id}`, { name: 'Moderated' }, { 'If-Match': '*' })).status, 200);
    });

    it('that only its team may see does not exist for others, in lists neither', async () => {
      const { id } = await create({ name: 'Quiet', visibility: 'team' });
      await join(id, ada, 'viewer');
      const listed = async (who: LoggedIn): Promise<boolean> =>
        ((await call(who, 'GET', '/?q=quiet')).body as { data: { id: string }[] }).data.some((each) => each.id === id);
      assert.deepEqual([await listed(owner), await listed(ada), await listed(stranger)], [true, true, false]);
      for (const [method, path, body] of [
        ['GET', '', undefined],
        ['GET', '/team', undefined],
        ['GET', '/invitations', undefined],
        ['PUT', '', { name: 'x' }],
        ['POST', '/archive', undefined],
        ['POST', '/invitations', { userId: bob.user.id, role: 'viewer' }],
        ['DELETE', `/team/${ada.user.id}`, undefined],
        ['PUT', `/team/${ada.user.id}`, { role: 'member' }],
      ] as const) {
        const reply = await call(stranger, method, `/${id}${path}`, body);
        assert.deepEqual(codeOf(reply), [404, 'venture.not-found'], `${method} ${path}`);
      }
    });

    it('takes no changes while it is archived, and is itself again when restored', async () => {
      const { id } = await create({ name: 'Asleep' });
      await join(id, ada, 'admin');
      assert.deepEqual(codeOf(await call(ada, 'POST', `/${id}/archive`)), [403, 'venture.role-too-low']);
      assert.equal(((await call(owner, 'POST', `/${id}/archive`)).body as ShownVenture).state, 'archived');
      const late = await call(owner, 'PUT', `/${id}`, { name: 'x' }, { 'If-Match': '*' });
      assert.deepEqual(codeOf(late), [409, 'venture.archived']);
      assert.deepEqual(codeOf(await invite(id, bob, 'member')), [409, 'venture.archived']);
      assert.equal((await call(stranger, 'GET', `/${id}`)).status, 404);
      assert.equal((await call(ada, 'GET', `/${id}`)).status, 200);
      assert.equal(((await call(owner, 'POST', `/${id}/restore`)).body as ShownVenture).state, 'active');
      assert.equal((await call(stranger, 'GET', `/${id}`)).status, 200);
    });

    it('is found by the beginning of its name, page by page', async () => {
      for (const name of ['Zeppelin A', 'zeppelin b', 'Zeppelin C']) {
        await create({ name });
      }
      const seen: string[] = [];
      let cursor = '';
      do {
        const { body } = await call(stranger, 'GET', `/?q=zeppelin&limit=2${cursor}`);
        const page = body as { data: { name: string }[]; page: { nextCursor: string | null } };
        seen.push(...page.data.map(({ name }) => name));
        cursor = page.page.nextCursor === null ? '' : `&cursor=${page.page.nextCursor}`;
      } while (cursor !== '');
      assert.deepEqual(seen, ['Zeppelin A', 'zeppelin b', 'Zeppelin C']);
      const { body } = await call(stranger, 'GET', '/?q=zeppelin&limit=2');
      const other = (body as { page: { nextCursor: string } }).page.nextCursor;
      assert.equal((await call(ada, 'GET', `/?q=zeppelin&limit=2&cursor=${other}`)).status, 422);
    });

    it('is refused with a pointer where a value does not fit', async () => {
      for (const body of [{}, { name: ' ' }, { name: 'a', team: [] }, { name: 'a', website: 'javascript:alert(1)' }]) {
        assert.equal((await call(owner, 'POST', '/create', body)).status, 422);
      }
    });
  });

  describe('a team', () => {
    it('has exactly one owner, who hands it over to somebody who accepts', async () => {
      const { id } = await create();
      await join(id, ada, 'member');
      assert.deepEqual(codeOf(await invite(id, stranger, 'owner')), [409, 'venture.must-be-in-team']);
      assert.deepEqual(codeOf(await call(owner, 'DELETE', `/${id}/team/${owner.user.id}`)), [
        409,
        'venture.owner-stays',
      ]);
      assert.equal((await invite(id, ada, 'owner')).status, 201);
      assert.equal((await teamOf(id))[owner.user.id], 'owner');
      assert.equal((await answer(id, ada, 'accept')).status, 200);
      assert.deepEqual(await teamOf(id), { [owner.user.id]: 'admin', [ada.user.id]: 'owner' });
      assert.equal((await call(owner, 'DELETE', `/${id}/team/${owner.user.id}`)).status, 200);
    });

    it('does not change hands by an offer of somebody who owns it no more', async () => {
      const { id } = await create();
      await join(id, ada, 'member');
      await join(id, bob, 'member');
      await invite(id, ada, 'owner');
      await invite(id, bob, 'owner');
      assert.equal((await answer(id, ada, 'accept')).status, 200);
      assert.deepEqual(codeOf(await answer(id, bob, 'accept')), [409, 'venture.ownership-moved']);
      assert.deepEqual(Object.values(await teamOf(id)).toSorted(), ['admin', 'member', 'owner']);
    });

    it('may follow its room, and nobody else may', async () => {
      const { id } = await create();
      await join(id, ada, 'viewer');
      const follow = async (who: LoggedIn): Promise<number> =>
        (await server.call('GET', `/api/websocket/feeds/venture.${id}`, { token: who.accessToken })).status;
      assert.deepEqual([await follow(owner), await follow(ada), await follow(stranger)], [200, 200, 404]);
      await call(ada, 'DELETE', `/${id}/team/${ada.user.id}`);
      assert.equal(await follow(ada), 404);
    });

    it('gives roles below one’s own, and lets everybody but the owner leave', async () => {
      const { id } = await create();
      await join(id, ada, 'admin');
      await join(id, bob, 'member');
      const setRole = async (by: LoggedIn, whom: LoggedIn, role: string): Promise<Reply> =>
        await call(by, 'PUT', `/${id}/team/${whom.user.id}`, { role });
      assert.equal((await setRole(ada, bob, 'viewer')).status, 200);
      assert.deepEqual(codeOf(await setRole(ada, bob, 'admin')), [403, 'venture.role-too-low']);
      assert.deepEqual(codeOf(await setRole(ada, ada, 'viewer')), [403, 'venture.role-too-low']);
      assert.deepEqual(codeOf(await setRole(bob, ada, 'viewer')), [403, 'venture.role-too-low']);
      assert.deepEqual(codeOf(await setRole(owner, owner, 'viewer')), [409, 'venture.owner-stays']);
      assert.deepEqual(codeOf(await setRole(owner, stranger, 'viewer')), [404, 'venture.not-in-team']);
      assert.equal((await setRole(owner, bob, 'owner')).status, 422);
      assert.deepEqual(codeOf(await call(bob, 'DELETE', `/${id}/team/${ada.user.id}`)), [403, 'venture.role-too-low']);
      assert.equal((await call(bob, 'DELETE', `/${id}/team/${bob.user.id}`)).status, 200);
      assert.equal((await call(owner, 'DELETE', `/${id}/team/${ada.user.id}`)).status, 200);
      assert.deepEqual(await teamOf(id), { [owner.user.id]: 'owner' });
    });
  });
});
