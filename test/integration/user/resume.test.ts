// Résumés in and out, over HTTP. The published ones are those of @jsonresume/schema 1.3.1 (MIT): its sample and its three
// examples.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { after, before, describe, it } from 'mocha';
import { Events } from '#src/platform/events/event.ts';
import { authService } from '#src/services/auth/index.ts';
import { userService } from '#src/services/user/index.ts';
import { registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { problemOf, startServer, type TestServer } from '../../support/http.ts';
import { isResume, jsonOf, portfolioCalls, saidIn } from '../../support/portfolio.ts';

describe('resumes', () => {
  let server: TestServer;
  let api: ReturnType<typeof portfolioCalls>;
  let ada: LoggedIn;
  before(async () => {
    server = await startServer([userService, authService]);
    api = portfolioCalls(server);
    ada = await registerSomebody(server, 'Ada');
  });
  after(async () => await server.close());

  for (const name of [
    'sample.resume.json',
    'examples/career-changer.resume.json',
    'examples/new-grad.resume.json',
    'examples/senior-engineer.resume.json',
  ]) {
    it(`take in and give back the published ${name}`, async () => {
      const who = await registerSomebody(server, 'Somebody');
      const resume = jsonOf(name);
      assert.ok(isResume(resume));
      const first = await api.imported(who, resume);
      assert.equal(first.status, 200, first.text);
      const { ignored, items } = first.body as { ignored: string[]; items: { added: number } };
      const lost = ignored.filter((pointer) => !pointer.startsWith('/basics/'));
      const given = saidIn(await api.exported(who));
      const taken = saidIn(resume);
      for (const section of Object.keys(taken).filter((key) => key !== 'skills')) {
        assert.deepEqual(given[section], taken[section], section);
      }
      assert.deepEqual(
        given['skills']?.map((skill) => [skill['name'], skill['keywords']]),
        taken['skills']?.map((skill) => [skill['name'], skill['keywords']]),
      );
      assert.ok(
        lost.every((pointer) => /^\/skills\/\d+\/level$/u.test(pointer)),
        lost.join(),
      );
      const again = (await api.imported(who, resume)).body as { items: { unchanged: number }; skills: object };
      assert.deepEqual(again.items, { added: 0, changed: 0, unchanged: items.added });
      assert.deepEqual(saidIn(await api.exported(who)), given);
    });
  }

  it('keep what is there, and change what the résumé says otherwise', async () => {
    const who = await registerSomebody(server);
    const job = { name: 'Engines', position: 'Analyst', startDate: '1842' };
    await api.imported(who, { work: [{ ...job, summary: 'old', highlights: ['a'] }, job], skills: [{ name: 'Go' }] });
    const second = (await api.imported(who, { work: [job, { ...job, summary: 'second' }] })).body as { items: object };
    assert.deepEqual(second.items, { added: 0, changed: 1, unchanged: 1 });
    assert.deepEqual(
      (await api.itemsOf(who)).data.map((item) => item['summary']),
      ['old', 'second'],
    );
    const [one] = (await api.itemsOf(who)).data;
    await api.call('PATCH', who, api.pathOf(who, `/portfolio/${one?.id}`), { visibility: 'private' });
    const reply = await api.imported(who, {
      work: [{ ...job, name: 'ENGINES', summary: 'new' }],
      volunteer: [{ organization: 'Club' }, { startDate: '2020' }],
      references: [{ name: 'Charles', reference: 'Good.' }],
      skills: [{ name: 'go', level: 'Master' }, { name: 'Rust', level: 'so so' }, { level: 'x' }],
      basics: { label: 'Countess' },
      'x-unknown': { anything: [1, null] },
    });
    assert.deepEqual(reply.body, {
      items: { added: 2, changed: 1, unchanged: 0 },
      skills: { added: 1, changed: 1, unchanged: 0 },
      ignored: ['/volunteer/1', '/skills/1/level', '/skills/2', '/basics/label'],
    });
    const items = (await api.itemsOf(who)).data;
    assert.deepEqual(
      items.map((item) => [item.kind, item.visibility, item['summary']]),
      [
        ['work', 'private', 'new'],
        ['work', 'members', 'second'],
        ['volunteer', 'members', undefined],
        ['reference', 'private', 'Good.'],
      ],
    );
    assert.deepEqual([items[0]?.id, items[0]?.['highlights']], [one?.id, ['a']]);
    const told = await Events.native().countDocuments({ actor: who.user.id, type: 'resume.imported' });
    assert.equal(told, 3);
  });

  it('are refused with other types, other addresses, and days there are not', async () => {
    for (const [resume, pointer] of [
      [{ work: 'x' }, '/body/work'],
      [{ work: [{ name: 5 }] }, '/body/work/0/name'],
      [{ work: [{ name: null }] }, '/body/work/0/name'],
      [{ work: [{ name: 'x', url: 'javascript:alert(1)' }] }, '/body/work/0/url'],
      [{ awards: [{ title: 'x', date: '2020-02-31' }] }, '/body/awards/0/date'],
      [{ education: [{ area: 'x', startDate: '2020', endDate: '2019' }] }, '/body/education/0/endDate'],
      [{ skills: [{ name: 'x', keywords: 'y' }] }, '/body/skills/0/keywords'],
      [{ basics: { location: 'x' } }, '/body/basics/location'],
      [[], '/body'],
    ] as const) {
      const reply = await api.imported(ada, resume);
      assert.deepEqual([reply.status, problemOf(reply).errors?.[0]?.pointer], [422, pointer], reply.text);
    }
  });

  it('come back from any portfolio as they were', async () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'B', 'é', '机', '7', '&', '<'), minLength: 1, maxLength: 6 });
    const words = fc.array(word, { minLength: 1, maxLength: 3 });
    const date = fc
      .tuple(fc.integer({ min: 1950, max: 1999 }), fc.integer({ min: 1, max: 12 }), fc.constantFrom(4, 7, 10))
      .map(([year, month, exact]) => `${year}-${String(month).padStart(2, '0')}-28`.slice(0, exact));
    const kind = fc.constantFrom(
      'work',
      'volunteer',
      'education',
      'project',
      'award',
      'certificate',
      'publication',
      'language',
      'interest',
      'reference',
    );
    const item = fc.record(
      {
        kind,
        title: word,
        organisation: word,
        start: date,
        summary: word,
        highlights: words,
        skills: words,
        location: word,
        description: word,
        area: word,
        score: word,
        roles: words,
        category: word,
        url: fc.constant('https://example.org/a'),
      },
      { requiredKeys: ['kind', 'title'] },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(item, { minLength: 1, maxLength: 5 }), async (items) => {
        const [one, other] = await Promise.all([registerSomebody(server), registerSomebody(server)]);
        for (const each of items) {
          assert.equal((await api.add(one, each)).status, 201);
        }
        const resume = await api.exported(one);
        assert.equal((await api.imported(other, resume)).status, 200);
        assert.deepEqual(saidIn(await api.exported(other)), saidIn(resume));
        const back = (await api.imported(one, resume)).body as { items: object };
        assert.deepEqual(back.items, { added: 0, changed: 0, unchanged: items.length });
      }),
      { numRuns: 8 },
    );
  });
});
