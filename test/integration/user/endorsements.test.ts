// Endorsements of skills, over HTTP.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { after, before, describe, it } from 'mocha';
import { Events } from '#src/platform/events/event.ts';
import { authService } from '#src/services/auth/index.ts';
import { userService } from '#src/services/user/index.ts';
import { registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { problemOf, startServer, type TestServer } from '../../support/http.ts';
import { complaintsOf, tie } from '../../support/people.ts';
import { rowsIn, skillCalls } from '../../support/skills.ts';

describe('endorsements', () => {
  let server: TestServer;
  let ada: LoggedIn;
  let ben: LoggedIn;
  let eve: LoggedIn;
  let api: ReturnType<typeof skillCalls>;

  before(async () => {
    server = await startServer([userService, authService]);
    api = skillCalls(server);
    [ada, ben, eve] = await Promise.all([
      registerSomebody(server, 'Ada'),
      registerSomebody(server, 'Ben'),
      registerSomebody(server, 'Eve'),
    ]);
    await tie(ada.user.id, ben.user.id);
    await api.add(ada, 'Chess');
    await api.add(ada, 'C++');
  });
  after(async () => await server.close());

  it('by a connection, once, with a note, and withdrawn', async () => {
    const given = await api.endorse(ben, ada, 'c-plus-plus', { note: 'Taught me' });
    assert.equal(given.status, 201);
    const again = await api.endorse(ben, ada, 'c-plus-plus', { note: 'Taught me all' });
    assert.equal(again.status, 200);
    const list = await api.endorsers(eve, ada, 'c-plus-plus');
    assert.deepEqual(
      list.data.map(({ by, note }) => [by, note]),
      [[{ id: ben.user.id, name: 'Ben' }, 'Taught me all']],
    );
    const of = async (viewer: LoggedIn) => (await api.skillsOf(ada, viewer)).find(({ slug }) => slug === 'c-plus-plus');
    assert.deepEqual(
      [await of(ben), await of(eve)].map((skill) => [skill?.endorsements, skill?.endorsedByYou]),
      [
        [1, true],
        [1, false],
      ],
    );
    assert.equal((await api.withdraw(ben, ada, 'c-plus-plus')).status, 204);
    assert.equal(problemOf(await api.withdraw(ben, ada, 'c-plus-plus')).code, 'user.endorsement-not-found');
    assert.equal((await of(ben))?.endorsements, 0);
    assert.equal((await api.endorse(ben, ada, 'c-plus-plus')).status, 201);
    const events = await Events.native()
      .find({ actor: ben.user.id, subject: `user.${ada.user.id}` })
      .sort({ _id: 1 })
      .toArray();
    assert.deepEqual(
      events.map(({ type, data }) => [type, data['first']]),
      [
        ['skill.endorsed', true],
        ['skill.endorsement-withdrawn', undefined],
        ['skill.endorsed', false],
      ],
    );
    assert.deepEqual(events[0]?.audience, [`user.${ada.user.id}`, `user.${ben.user.id}`]);
    assert.equal(JSON.stringify(events).includes('Taught'), false);
  });

  it('by nobody else', async () => {
    assert.equal(problemOf(await api.endorse(ada, ada, 'c-plus-plus')).code, 'user.endorsement-own');
    assert.equal(problemOf(await api.endorse(eve, ada, 'c-plus-plus')).code, 'user.endorsement-not-connected');
    for (const state of ['pending', 'declined', 'withdrawn', 'removed'] as const) {
      await tie(eve.user.id, ada.user.id, { state });
      assert.equal(problemOf(await api.endorse(eve, ada, 'c-plus-plus')).code, 'user.endorsement-not-connected', state);
    }
    assert.equal(problemOf(await api.endorse(ben, ada, 'none')).code, 'user.skill-not-found');
    assert.equal((await api.endorse(ben, ada, 'chess', { note: '' })).status, 422);
    assert.equal((await api.endorse(ben, ada, 'chess', { by: eve.user.id })).status, 422);
  });

  it('stays, hidden, while a block stands, and while the skill is away', async () => {
    const counts = async () => (await api.skillsOf(ada, eve)).map(({ slug, endorsements }) => [slug, endorsements]);
    assert.deepEqual(await counts(), [
      ['chess', 0],
      ['c-plus-plus', 1],
    ]);
    await tie(ada.user.id, ben.user.id, { blockedBy: [ada.user.id] });
    assert.deepEqual(await counts(), [
      ['chess', 0],
      ['c-plus-plus', 0],
    ]);
    const list = async () => (await api.endorsers(eve, ada, 'c-plus-plus')).data.length;
    assert.equal(await list(), 0);
    await tie(ada.user.id, ben.user.id);
    assert.equal(await list(), 1);
    // Whoever is blocked by the one who looks is not in their list.
    await tie(eve.user.id, ben.user.id, { blockedBy: [ben.user.id] });
    assert.equal(await list(), 0);
    await api.call('DELETE', ada, api.pathOf(ada, '/c-plus-plus'));
    assert.deepEqual(await counts(), [['chess', 0]]);
    await api.add(ada, 'C++');
    assert.deepEqual(await counts(), [
      ['chess', 0],
      ['c-plus-plus', 1],
    ]);
  });

  it('by many at once, each counted, in pages', async () => {
    const owner = await registerSomebody(server, 'Popular');
    await api.add(owner, 'Music');
    const people = await Promise.all(Array.from({ length: 12 }, async () => await registerSomebody(server)));
    await Promise.all(people.map(async (one) => await tie(one.user.id, owner.user.id)));
    const replies = await Promise.all(
      [...people, ...people].map(async (one) => (await api.endorse(one, owner, 'music')).status),
    );
    assert.deepEqual(
      replies.toSorted((one, other) => one - other),
      [...Array(12).fill(200), ...Array(12).fill(201)],
    );
    assert.equal((await api.skillsOf(owner))[0]?.endorsements, 12);
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { data, page }: Awaited<ReturnType<typeof api.endorsers>> = await api.endorsers(
        eve,
        owner,
        'music',
        `?limit=5${cursor && `&cursor=${cursor}`}`,
      );
      seen.push(...data.map(({ by }) => by.id));
      cursor = page.nextCursor;
    }
    assert.deepEqual(seen.toSorted(), people.map(({ user }) => user.id).toSorted());
  });

  it('and withdrawn in any order by several at once, counts as a model counts', async () => {
    const owner = await registerSomebody(server, 'Model');
    const slugs = ['one', 'two'];
    for (const slug of slugs) {
      await api.add(owner, slug);
    }
    const people = await Promise.all(Array.from({ length: 3 }, async () => await registerSomebody(server)));
    await Promise.all(people.map(async (one) => await tie(one.user.id, owner.user.id)));
    const act = fc.record({ slug: fc.constantFrom(...slugs), does: fc.constantFrom('endorse', 'withdraw') });
    const standing = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.tuple(...people.map(() => fc.array(act, { maxLength: 5 }))), async (programs) => {
        await Promise.all(
          programs.map(async (program, index) => {
            const who = people[index]!;
            for (const { slug, does } of program) {
              const place = `${slug} ${who.user.id}`;
              const stood = standing.has(place);
              const { status } = await (does === 'endorse' ? api.endorse : api.withdraw)(who, owner, slug);
              const expected = does === 'endorse' ? (stood ? 200 : 201) : stood ? 204 : 404;
              assert.equal(status, expected);
              standing[does === 'endorse' ? 'add' : 'delete'](place);
            }
          }),
        );
        const counted = (await api.skillsOf(owner)).map(({ slug, endorsements }) => [slug, endorsements]);
        const modelled = slugs.map((slug) => [slug, [...standing].filter((place) => place.startsWith(slug)).length]);
        assert.deepEqual(counted, modelled);
      }),
      { numRuns: 12 },
    );
    assert.deepEqual(await complaintsOf(userService.checks ?? []), []);
  });

  it('and a backup says what is wrong with damaged rows', async () => {
    const id = ada.user.id;
    await rowsIn('users').updateOne({ _id: id }, { $set: { skillSlugs: ['law'] } });
    const own = { userId: id, slug: 'chess', by: id, endorsedAt: new Date(), withdrawnAt: null, rev: 0 };
    await rowsIn('endorsements').insertOne({ _id: 'x', ...own });
    const found = await complaintsOf(userService.checks ?? []);
    assert.equal(found.length, 3);
    assert.match(found.join(), /is not the one of.*endorsed their own chess.*shows other skills/u);
  });
});
