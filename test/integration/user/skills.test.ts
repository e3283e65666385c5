// Lists of skills, over HTTP.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { Events } from '#src/platform/events/event.ts';
import { newId } from '#src/platform/ids.ts';
import { authService } from '#src/services/auth/index.ts';
import { userService } from '#src/services/user/index.ts';
import { registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { problemOf, startServer, type TestServer } from '../../support/http.ts';
import { complaintsOf, tie } from '../../support/people.ts';
import { rowsIn, skillCalls } from '../../support/skills.ts';

describe('skills', () => {
  let server: TestServer;
  let ada: LoggedIn;
  let eve: LoggedIn;
  let api: ReturnType<typeof skillCalls>;

  before(async () => {
    server = await startServer([userService, authService]);
    api = skillCalls(server);
    [ada, eve] = await Promise.all([registerSomebody(server, 'Ada'), registerSomebody(server, 'Eve')]);
  });
  after(async () => await server.close());

  const foundBy = async (who: LoggedIn): Promise<readonly string[] | undefined> =>
    (await rowsIn('users').findOne({ _id: who.user.id }))?.['skillSlugs'] as string[] | undefined;

  it('are added, changed, moved and removed by their owner', async () => {
    const first = await api.add(ada, 'C++', { level: 'expert', years: 12, keywords: ['STL'] });
    assert.deepEqual(
      [first.status, first.body],
      [
        201,
        {
          slug: 'c-plus-plus',
          name: 'C++',
          level: 'expert',
          years: 12,
          keywords: ['STL'],
          visibility: 'members',
        },
      ],
    );
    await api.add(ada, 'Chess', { visibility: 'private' });
    await api.add(ada, 'Public Speaking', { position: 0 });
    const slugs = async () => (await api.skillsOf(ada)).map(({ slug }) => slug);
    assert.deepEqual(await slugs(), ['public-speaking', 'c-plus-plus', 'chess']);
    assert.deepEqual(await foundBy(ada), ['public-speaking', 'c-plus-plus']);
    const changed = await api.call('PATCH', ada, api.pathOf(ada, '/c-plus-plus'), {
      name: 'c++',
      level: null,
      position: 2,
    });
    assert.deepEqual(changed.body, {
      slug: 'c-plus-plus',
      name: 'c++',
      years: 12,
      keywords: ['STL'],
      visibility: 'members',
    });
    assert.deepEqual(await slugs(), ['public-speaking', 'chess', 'c-plus-plus']);
    await api.call('PATCH', ada, api.pathOf(ada, '/chess'), { visibility: 'public' });
    assert.deepEqual(await foundBy(ada), ['public-speaking', 'chess', 'c-plus-plus']);
    assert.equal((await api.call('DELETE', ada, api.pathOf(ada, '/public-speaking'))).status, 204);
    assert.deepEqual(await slugs(), ['chess', 'c-plus-plus']);
    assert.deepEqual(await foundBy(ada), ['chess', 'c-plus-plus']);
    const types = (
      await Events.native()
        .find({ actor: ada.user.id, type: /^skill/u })
        .sort({ time: 1, _id: 1 })
        .toArray()
    ).map(({ type, audience }) => [type, ...audience]);
    const feed = `user.${ada.user.id}`;
    assert.deepEqual(types, [...Array.from({ length: 3 }, () => ['skill.added', feed]), ['skill.removed', feed]]);
    assert.deepEqual(await complaintsOf(userService.checks ?? []), []);
  });

  it('are shown by their own level, and to nobody who is blocked', async () => {
    const owner = await registerSomebody(server, 'Owner');
    const [friend, stranger, blocked, blocker] = await Promise.all(
      Array.from({ length: 4 }, async () => await registerSomebody(server)),
    );
    await tie(owner.user.id, friend!.user.id);
    await tie(owner.user.id, blocked!.user.id, { blockedBy: [owner.user.id] });
    await tie(owner.user.id, blocker!.user.id, { blockedBy: [blocker!.user.id] });
    for (const visibility of ['public', 'members', 'connections', 'private']) {
      await api.add(owner, visibility, { visibility });
    }
    const seen = async (who: LoggedIn) => (await api.skillsOf(owner, who)).map(({ slug }) => slug);
    assert.deepEqual(await seen(owner), ['public', 'members', 'connections', 'private']);
    assert.deepEqual(await seen(friend!), ['public', 'members', 'connections']);
    assert.deepEqual(await seen(stranger!), ['public', 'members']);
    for (const who of [blocked!, blocker!]) {
      for (const path of [api.pathOf(owner), api.pathOf(owner, '/public/endorsements')]) {
        assert.equal(problemOf(await api.call('GET', who, path)).code, 'user.not-found');
      }
      assert.equal(problemOf(await api.endorse(who, owner, 'public')).code, 'user.not-found');
    }
    const [shown] = await api.skillsOf(owner, friend!);
    assert.equal(shown?.visibility, undefined);
    const hidden = await api.call('GET', stranger!, api.pathOf(owner, '/connections/endorsements'));
    assert.equal(problemOf(hidden).code, 'user.skill-not-found');
    assert.equal(problemOf(await api.endorse(stranger!, owner, 'connections')).code, 'user.skill-not-found');
    assert.equal(problemOf(await api.endorse(friend!, owner, 'private')).code, 'user.skill-not-found');
  });

  it('are nobody else’s to change', async () => {
    await api.add(eve, 'Go');
    for (const [method, path, body] of [
      ['POST', api.pathOf(eve), { name: 'Rust' }],
      ['PATCH', api.pathOf(eve, '/go'), { years: 1 }],
      ['DELETE', api.pathOf(eve, '/go'), undefined],
    ] as const) {
      assert.equal(problemOf(await api.call(method, ada, path, body)).code, 'user.not-found');
      assert.equal((await server.call(method, path, body ? { body } : {})).status, 401);
    }
    assert.equal((await api.skillsOf(eve)).length, 1);
  });

  it('are refused twice, renamed to others, unknown, and in odd shapes', async () => {
    assert.equal(problemOf(await api.add(eve, ' GO ')).code, 'user.skill-taken');
    const renamed = await api.call('PATCH', eve, api.pathOf(eve, '/go'), { name: 'Rust' });
    assert.equal(problemOf(renamed).code, 'user.skill-taken');
    assert.equal(problemOf(await api.call('DELETE', eve, api.pathOf(eve, '/none'))).code, 'user.skill-not-found');
    for (const body of [
      { name: '' },
      { name: '!!' },
      { name: 'x'.repeat(81) },
      { name: 'a\u0000b' },
      { name: 'x', level: 'god' },
      { name: 'x', years: -1 },
      { name: 'x', years: 1.5 },
      { name: 'x', visibility: 'all' },
      { name: 'x', slug: 'y' },
      { name: 'x', position: 50 },
      { name: 'x', keywords: Array.from({ length: 51 }, () => 'k') },
      { name: { $gt: '' } },
    ]) {
      assert.equal((await api.call('POST', eve, api.pathOf(eve), body)).status, 422, JSON.stringify(body));
    }
    assert.equal((await api.call('GET', eve, `/api/users/${newId()}/skills`)).status, 404);
    assert.equal((await api.call('GET', eve, api.pathOf(eve, '/a%00/endorsements'))).status, 422);
  });

  it('are at most 50, whoever adds them at once', async () => {
    const full = await registerSomebody(server);
    for (let index = 0; index < 48; index += 1) {
      assert.equal((await api.add(full, `skill ${index}`)).status, 201);
    }
    const replies = await Promise.all(['x', 'y', 'z', 'x'].map(async (name) => await api.add(full, name)));
    assert.equal(replies.filter(({ status }) => status === 201).length, 2);
    assert.ok(replies.every(({ status }) => status === 201 || status === 409));
    assert.equal((await api.skillsOf(full)).length, 50);
    assert.equal(problemOf(await api.add(full, 'last')).code, 'user.skills-full');
    assert.equal((await foundBy(full))?.length, 50);
  });
});
