// What people say of themselves: every field at every level for everybody who looks, changes that follow one another,
// and settings that are nobody else's, over HTTP.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { Events } from '#src/platform/events/event.ts';
import { authService } from '#src/services/auth/index.ts';
import { userService } from '#src/services/user/index.ts';
import { logIn, logInAdmin, password, registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { problemOf, startServer, type Reply, type TestServer } from '../../support/http.ts';

const profile = {
  headline: 'Builds bridges',
  bio: 'First line\nsecond line',
  location: { place: 'Łódź', country: 'PL' },
  links: [{ label: 'Home', url: 'https://ada.example/' }],
  interests: ['Chess', 'Looms'],
  languages: [{ code: 'pl', level: 'native' }, { code: 'pt-BR' }],
  pronouns: 'she/her',
  timezone: 'Europe/Warsaw',
  availability: { state: 'limited', hoursPerWeek: 10 },
} as const;
const levels = ['public', 'members', 'connections', 'private'] as const;
const fields = ['email', ...Object.keys(profile)] as readonly string[];
type Body = Readonly<Record<string, unknown>>;

describe('profiles', () => {
  let server: TestServer;
  let owner: LoggedIn;
  let friend: LoggedIn;
  let stranger: LoggedIn;
  let blocked: LoggedIn;
  let moderator: LoggedIn;
  let admin: LoggedIn;

  const call = async (
    who: LoggedIn | null,
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Reply> =>
    await server.call(method, `/api/users/${path}`, {
      ...(who ? { token: who.accessToken } : {}),
      ...(body === undefined ? {} : { body }),
      headers,
    });
  const tagOf = async (who: LoggedIn, path: string): Promise<string> =>
    (await call(who, 'GET', path)).headers.get('etag') ?? assert.fail('no ETag');
  /** Changes something at the revision it is at. */
  const put = async (who: LoggedIn, path: string, body: unknown): Promise<Reply> =>
    await call(who, 'PUT', path, body, { 'If-Match': await tagOf(who, path) });

  before(async () => {
    server = await startServer([userService, authService]);
    admin = await logInAdmin(server);
    owner = await registerSomebody(server, 'Ada');
    friend = await registerSomebody(server, 'Friend');
    stranger = await registerSomebody(server, 'Stranger');
    blocked = await registerSomebody(server, 'Blocked');
    const email = 'moderator@example.test';
    await server.call('POST', '/api/users/create', {
      token: admin.accessToken,
      body: { email, name: 'Mod', password, roles: ['user', 'moderator'] },
    });
    moderator = await logIn(server, email);
    await call(owner, 'POST', `${friend.user.id}/connections`, {});
    await call(friend, 'POST', `${owner.user.id}/connections`, {});
    await call(owner, 'POST', `${blocked.user.id}/block`);
  });
  after(async () => await server.close());

  it('show each field at each level to exactly those it is for, wherever people are shown', async () => {
    assert.equal((await put(owner, owner.user.id, profile)).status, 200);
    for (const level of levels) {
      const privacy = Object.fromEntries(fields.map((field) => [field, level]));
      assert.equal((await put(owner, `${owner.user.id}/privacy`, privacy)).status, 200);
      for (const [who, seesUpTo] of [
        [owner, 3],
        [moderator, 3],
        [admin, 3],
        [friend, 2],
        [stranger, 1],
      ] as const) {
        const one = (await call(who, 'GET', owner.user.id)).body as Body;
        const { data } = (await call(who, 'GET', '?q=ada')).body as { data: Body[] };
        const expected = { email: owner.user.email, ...profile } as Body;
        for (const field of fields) {
          const shown = levels.indexOf(level) <= seesUpTo ? expected[field] : undefined;
          assert.deepEqual(one[field], shown, `${field} at ${level} to ${who.user.name}`);
          assert.deepEqual(data[0]?.[field], shown, `${field} at ${level} to ${who.user.name} in a list`);
        }
        assert.deepEqual([one['id'], one['name']], [owner.user.id, 'Ada']);
      }
      assert.equal((await call(blocked, 'GET', owner.user.id)).status, 404);
      assert.equal((await call(owner, 'GET', blocked.user.id)).status, 404);
      assert.equal((await call(null, 'GET', owner.user.id)).status, 401);
    }
  });

  it('let each field have a level of its own', async () => {
    for (const field of fields) {
      const privacy = Object.fromEntries(fields.map((each) => [each, each === field ? 'members' : 'private']));
      await put(owner, `${owner.user.id}/privacy`, privacy);
      const seen = Object.keys((await call(stranger, 'GET', owner.user.id)).body as Body);
      assert.deepEqual(seen.toSorted(), ['createdAt', 'id', 'name', field].toSorted());
    }
  });

  it('begin with an address and a time zone that members do not see', async () => {
    const { body } = await call(friend, 'GET', `${friend.user.id}/privacy`);
    assert.deepEqual(
      Object.entries(body as Body).filter(([, level]) => level !== 'members'),
      [
        ['email', 'private'],
        ['timezone', 'connections'],
      ],
    );
  });

  describe('PUT /api/users/:id', () => {
    it('sets what is named, takes away by null, and leaves the rest', async () => {
      const id = friend.user.id;
      const first = await put(friend, id, { name: 'Frida Friend', headline: 'One', bio: 'Two' });
      assert.equal((first.body as Body)['name'], 'Frida Friend');
      const second = await put(friend, id, { bio: null, privacy: { headline: 'private' } });
      const body = second.body as Body;
      assert.deepEqual([body['name'], body['headline'], 'bio' in body], ['Frida Friend', 'One', false]);
      assert.equal(second.headers.get('etag'), await tagOf(friend, id));
      assert.deepEqual((await call(friend, 'GET', id)).body, body);
      assert.equal('headline' in ((await call(stranger, 'GET', id)).body as Body), false);
      const heard = await Events.native()
        .find({ type: 'user.updated', subject: `user.${id}` })
        .sort({ _id: 1 })
        .toArray();
      assert.deepEqual(
        heard.map(({ data }) => data['fields']),
        [
          ['bio', 'headline', 'name'],
          ['bio', 'privacy'],
        ],
      );
      assert.ok(!JSON.stringify(heard).includes('Two'));
    });

    it('needs the revision it was read at, and lets one of two who change it win', async () => {
      const id = friend.user.id;
      assert.equal(problemOf(await call(friend, 'PUT', id, { bio: 'x' })).code, 'request.precondition-required');
      const tag = await tagOf(friend, id);
      const replies = await Promise.all(
        ['a', 'b', 'c'].map(async (bio) => await call(friend, 'PUT', id, { bio }, { 'If-Match': tag })),
      );
      assert.deepEqual(
        replies.map(({ status }) => status).toSorted((a, b) => a - b),
        [200, 412, 412],
      );
      const stale = await call(friend, 'PUT', `${id}/privacy`, { bio: 'private' }, { 'If-Match': tag });
      assert.equal(problemOf(stale).code, 'request.precondition-failed');
    });

    it("is not for somebody else's profile, but for admins", async () => {
      const id = stranger.user.id;
      for (const who of [owner, moderator]) {
        const reply = await call(who, 'PUT', id, { bio: 'Mine now' }, { 'If-Match': '*' });
        assert.deepEqual([reply.status, problemOf(reply).code], [404, 'user.not-found']);
        assert.equal((await call(who, 'PUT', `${id}/privacy`, { bio: 'public' }, { 'If-Match': '*' })).status, 404);
        assert.equal((await call(who, 'GET', `${id}/privacy`)).status, 404);
      }
      assert.equal((await put(admin, id, { bio: 'Set by an admin' })).status, 200);
      assert.equal((await call(null, 'PUT', id, {})).status, 401);
    });

    it('refuses members nobody may set, and values that do not fit', async () => {
      for (const [body, pointer] of [
        [{ roles: ['admin'] }, '/body/roles'],
        [{ email: 'x@example.test' }, '/body/email'],
        [{ status: 'active' }, '/body/status'],
        [{ rev: 0 }, '/body/rev'],
        [{ name: null }, '/body/name'],
        [{ name: '' }, '/body/name'],
        [{ bio: 'x'.repeat(2_001) }, '/body/bio'],
        [{ headline: 'two\nlines' }, '/body/headline'],
        [{ links: [{ url: 'javascript:alert(1)' }] }, '/body/links/0/url'],
        [{ links: [{ url: 'https://a:b@example.test/' }] }, '/body/links/0/url'],
        [{ links: Array(11).fill({ url: 'https://a.test/' }) }, '/body/links'],
        [{ interests: ['Go', 'go'] }, '/body/interests'],
        [{ languages: [{ code: 'en', level: 'Z9' }] }, '/body/languages/0/level'],
        [{ timezone: 'Mars/Olympus' }, '/body/timezone'],
        [{ location: { country: 'PL' } }, '/body/location/place'],
        [{ location: { place: 'x', country: 'pl' } }, '/body/location/country'],
        [{ availability: { state: 'open', hoursPerWeek: 169 } }, '/body/availability/hoursPerWeek'],
        [{ privacy: { bio: 'everybody' } }, '/body/privacy/bio'],
        [{ privacy: { name: 'private' } }, '/body/privacy/name'],
      ] as const) {
        const problem = problemOf(await put(stranger, stranger.user.id, body));
        assert.deepEqual([problem.status, problem.errors?.[0]?.pointer], [422, pointer]);
      }
    });
  });

  describe('settings', () => {
    it('begin with defaults, and change in parts', async () => {
      const path = `${friend.user.id}/settings`;
      const first = (await call(friend, 'GET', path)).body as { notifications: Record<string, Body> } & Body;
      assert.deepEqual([first['searchable'], first['showOnline'], first['timezone']], [true, true, 'UTC']);
      assert.deepEqual(first.notifications['product'], { inApp: false, email: false, push: false });
      const reply = await put(friend, path, {
        showOnline: false,
        timezone: 'Asia/Tokyo',
        notifications: { skills: { email: true } },
      });
      assert.equal(reply.status, 200);
      const { body } = await call(friend, 'GET', path);
      assert.deepEqual(body, {
        ...first,
        showOnline: false,
        timezone: 'Asia/Tokyo',
        notifications: { ...first.notifications, skills: { inApp: true, email: true, push: true } },
      });
      assert.deepEqual(reply.body, body);
    });

    it("are nobody else's, need the revision, and refuse what does not fit", async () => {
      const path = `${friend.user.id}/settings`;
      for (const who of [owner, moderator, admin]) {
        assert.equal((await call(who, 'GET', path)).status, 404);
        assert.equal((await call(who, 'PUT', path, { searchable: false }, { 'If-Match': '*' })).status, 404);
      }
      assert.equal((await call(friend, 'PUT', path, {})).status, 428);
      assert.equal((await call(friend, 'PUT', path, {}, { 'If-Match': '"1"' })).status, 412);
      for (const body of [
        { searchable: 'yes' },
        { admin: true },
        { locale: 'English' },
        { notifications: { spam: { email: true } } },
        { notifications: { skills: { fax: true } } },
        { notifications: { security: { email: false } } },
      ]) {
        assert.equal((await put(friend, path, body)).status, 422, JSON.stringify(body));
      }
    });
  });
});
