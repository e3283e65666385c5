// Ventures, their teams and invitations over HTTP.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { Overlay } from '#src/platform/commands/overlay.ts';
import { Work } from '#src/platform/commands/work.ts';
import { Events } from '#src/platform/events/event.ts';
import { authService } from '#src/services/auth/index.ts';
import { userService } from '#src/services/user/index.ts';
import { ventureService } from '#src/services/venture/index.ts';
import { websocketService } from '#src/services/websocket/index.ts';
import { logInAdmin, registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { problemOf, startServer, type Reply, type TestServer } from '../../support/http.ts';

interface Shown {
  readonly id: string;
  readonly state: string;
  readonly version: number;
  readonly team: readonly { readonly userId: string; readonly role: string }[];
}

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

  const call = async (who: LoggedIn, method: string, path: string, body?: object, headers = {}): Promise<Reply> =>
    await server.call(method, `/api/ventures${path}`, {
      token: who.accessToken,
      ...(body ? { body } : {}),
      headers,
    });
  const create = async (body: object = {}): Promise<Shown> => {
    const reply = await call(owner, 'POST', '/create', { name: 'Rockets', ...body });
    assert.equal(reply.status, 201);
    return reply.body as Shown;
  };
  const teamOf = async (id: string, who = owner): Promise<Record<string, string>> => {
    const { body } = await call(who, 'GET', `/${id}/team`);
    return Object.fromEntries((body as { data: Shown['team'] }).data.map(({ userId, role }) => [userId, role]));
  };
  const invite = async (id: string, whom: LoggedIn, role: string, by = owner): Promise<Reply> =>
    await call(by, 'POST', `/${id}/invitations`, { userId: whom.user.id, role });
  const answer = async (id: string, whom: LoggedIn, what: string, by = whom): Promise<Reply> =>
    await call(by, 'POST', `/${id}/invitations/${whom.user.id}/${what}`);
  const join = async (id: string, whom: LoggedIn, role: string): Promise<void> => {
    assert.equal((await invite(id, whom, role)).status, 201);
    assert.equal((await answer(id, whom, 'accept')).status, 200);
  };
  const codeOf = (reply: Reply): [number, string] => [reply.status, problemOf(reply).code];

  describe('a venture', () => {
    it('belongs to whoever begins it, once under one key', async () => {
      const headers = { 'Idempotency-Key': 'begin' };
      const first = await call(owner, 'POST', '/create', { name: 'Once' }, headers);
      const again = await call(owner, 'POST', '/create', { name: 'Once' }, headers);
      const { id, state, team } = first.body as Shown;
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
      assert.equal(((await call(owner, 'POST', `/${id}/archive`)).body as Shown).state, 'archived');
      const late = await call(owner, 'PUT', `/${id}`, { name: 'x' }, { 'If-Match': '*' });
      assert.deepEqual(codeOf(late), [409, 'venture.archived']);
      assert.deepEqual(codeOf(await invite(id, bob, 'member')), [409, 'venture.archived']);
      assert.equal((await call(stranger, 'GET', `/${id}`)).status, 404);
      assert.equal((await call(ada, 'GET', `/${id}`)).status, 200);
      assert.equal(((await call(owner, 'POST', `/${id}/restore`)).body as Shown).state, 'active');
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

  describe('an invitation', () => {
    it('brings its person into the team when they accept, once', async () => {
      const { id } = await create();
      const asked = await invite(id, ada, 'member');
      assert.equal(asked.status, 201);
      assert.deepEqual(codeOf(await invite(id, ada, 'viewer')), [409, 'venture.already-invited']);
      const mine = (await call(ada, 'GET', '/invitations?state=pending')).body as { data: { ventureId: string }[] };
      assert.ok(mine.data.some(({ ventureId }) => ventureId === id));
      for (const who of [stranger, owner]) {
        assert.deepEqual(codeOf(await answer(id, ada, 'accept', who)), [404, 'venture.invitation-not-found']);
      }
      const answers = await Promise.all(Array.from({ length: 5 }, async () => await answer(id, ada, 'accept')));
      assert.deepEqual(
        answers.map(({ status }) => status),
        [200, 200, 200, 200, 200],
      );
      assert.deepEqual(await teamOf(id), { [owner.user.id]: 'owner', [ada.user.id]: 'member' });
      const joined = await Events.native().countDocuments({ subject: `venture.${id}`, type: 'venture.member-joined' });
      assert.equal(joined, 1);
      assert.deepEqual(codeOf(await answer(id, ada, 'decline')), [409, 'venture.invitation-over']);
      assert.deepEqual(codeOf(await invite(id, ada, 'member')), [409, 'venture.already-in-team']);
    });

    it('has one end of two that race, and the team is as that end says', async () => {
      for (let round = 0; round < 5; round += 1) {
        const { id } = await create();
        await invite(id, bob, 'member');
        const [accepted, withdrawn] = await Promise.all([
          answer(id, bob, 'accept'),
          answer(id, bob, 'withdraw', owner),
        ]);
        assert.deepEqual(
          [accepted.status, withdrawn.status].toSorted((a, b) => a - b),
          [200, 409],
        );
        assert.equal(bob.user.id in (await teamOf(id)), accepted.status === 200);
      }
    });

    it('is declined or taken back, and can be asked anew', async () => {
      const { id } = await create();
      await invite(id, ada, 'member');
      assert.equal((await answer(id, ada, 'decline')).status, 200);
      await invite(id, ada, 'viewer');
      assert.equal((await answer(id, ada, 'withdraw', owner)).status, 200);
      assert.deepEqual(codeOf(await answer(id, ada, 'accept')), [409, 'venture.invitation-over']);
      await join(id, ada, 'viewer');
      assert.equal((await teamOf(id))[ada.user.id], 'viewer');
    });

    it('gives no more than its inviter may give, to nobody who is not there', async () => {
      const { id } = await create();
      await join(id, ada, 'admin');
      await join(id, bob, 'member');
      assert.deepEqual(codeOf(await invite(id, stranger, 'viewer', bob)), [403, 'venture.role-too-low']);
      assert.deepEqual(codeOf(await invite(id, stranger, 'admin', ada)), [403, 'venture.role-too-low']);
      assert.deepEqual(codeOf(await invite(id, bob, 'owner', ada)), [403, 'venture.role-too-low']);
      assert.equal((await invite(id, stranger, 'member', ada)).status, 201);
      const nobody = { userId: 'nobody-at-all', role: 'viewer' };
      assert.deepEqual(codeOf(await call(owner, 'POST', `/${id}/invitations`, nobody)), [
        422,
        'venture.person-unknown',
      ]);
    });

    it('expires after fourteen days, and not once it was answered', async () => {
      const { id } = await create();
      const shown = (await invite(id, ada, 'member')).body as { expiresAt: string; updatedAt: string };
      assert.equal(Date.parse(shown.expiresAt) - Date.parse(shown.updatedAt), 14 * 86_400_000);
      const row = await Work.native().findOne({ kind: 'venture.invitation.expire', 'input.id': id });
      assert.deepEqual([row?.state, row?.notBefore.toISOString()], ['new', shown.expiresAt]);
      const [expire] = (ventureService.commands ?? []).filter(({ kind }) => kind === 'venture.invitation.expire');
      const run = async (): Promise<number> => {
        const overlay = new Overlay();
        const command = { id: 'x', kind: 'x', key: 'x', input: row?.input, actor: 'system', origin: 'x' };
        const whole = { ...command, requestHash: '', requestId: '', acceptedAt: new Date() };
        await expire?.load([whole], overlay);
        const decision = expire?.decide(overlay, whole, new Date());
        return (decision as { writes?: unknown[] }).writes?.length ?? 0;
      };
      assert.equal(await run(), 1);
      await answer(id, ada, 'decline');
      assert.equal(await run(), 0);
      await invite(id, ada, 'member');
      assert.equal(await run(), 0, 'the timer of an earlier round does nothing');
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
