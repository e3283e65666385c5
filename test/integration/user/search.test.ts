// Finding people: by words of a name, by skill and by place, never by what they hide, never whom a block hides, and by
// reading an index no further than the page, over HTTP.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import mongoose from 'mongoose';
import { authService } from '#src/services/auth/index.ts';
import { fillNamePrefixes, userService } from '#src/services/user/index.ts';
import { logInAdmin, registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { problemOf, startServer, type Reply, type TestServer } from '../../support/http.ts';

interface Found {
  readonly data: readonly { readonly id: string; readonly name: string }[];
  readonly page: { readonly nextCursor: string | null };
}

describe('search for people', () => {
  let server: TestServer;
  let admin: LoggedIn;
  let asker: LoggedIn;
  let ada: LoggedIn;
  let jean: LoggedIn;

  const users = (): mongoose.mongo.Collection<{ _id: string }> => mongoose.connection.collection('users');
  const call = async (who: LoggedIn, query: string): Promise<Reply> =>
    await server.call('GET', `/api/users/${query}`, { token: who.accessToken });
  const names = async (query: string, who = asker): Promise<string[]> =>
    ((await call(who, query)).body as Found).data.map(({ name }) => name);
  const change = async (who: LoggedIn, path: string, body: object): Promise<void> => {
    const reply = await server.call('PUT', `/api/users/${who.user.id}${path}`, {
      token: who.accessToken,
      body,
      headers: { 'If-Match': '*' },
    });
    assert.equal(reply.status, 200, reply.text);
  };

  before(async () => {
    server = await startServer([userService, authService]);
    admin = await logInAdmin(server);
    asker = await registerSomebody(server, 'Asker');
    ada = await registerSomebody(server, 'Ada Łucja Lovelace');
    jean = await registerSomebody(server, 'Jean-Luc Ｐicard');
    await change(ada, '', { location: { place: 'São Paulo', country: 'BR' } });
    await change(jean, '', { location: { place: 'sao  paulo!', country: 'FR' } });
    await users().updateOne({ _id: ada.user.id }, { $set: { skillSlugs: ['c', 'weaving'] } });
  });
  after(async () => await server.close());

  it('finds by the beginnings of words of a name, all of them, in any case and width', async () => {
    for (const q of ['ada', 'lovel', 'ŁUCJA', 'lovelace ada', 'a l', 'Ａda']) {
      assert.deepEqual(await names(`?q=${encodeURIComponent(q)}`), ['Ada Łucja Lovelace'], q);
    }
    for (const q of ['luc', 'jean-l', 'picard']) {
      assert.deepEqual(await names(`?q=${q}`), ['Jean-Luc Ｐicard'], q);
    }
    for (const q of ['da', 'ada x', '.', '$ne', 'lovelaced']) {
      assert.deepEqual(await names(`?q=${encodeURIComponent(q)}`), [], q);
    }
  });

  it('finds by a name that was changed, and no longer by the old one', async () => {
    const somebody = await registerSomebody(server, 'Before');
    await change(somebody, '', { name: 'Afterwards' });
    assert.deepEqual([await names('?q=before'), await names('?q=afterw')], [[], ['Afterwards']]);
  });

  it('finds accounts that are older than the words of names once they are filled in', async () => {
    const old = await registerSomebody(server, 'Methuselah');
    await users().updateOne({ _id: old.user.id }, { $unset: { namePrefixes: 1 } });
    assert.deepEqual(await names('?q=methus'), []);
    await fillNamePrefixes();
    await fillNamePrefixes();
    assert.deepEqual(await names('?q=methus'), ['Methuselah']);
  });

  it('finds by skill, place and country, and by all of them together', async () => {
    assert.deepEqual(await names('?skill=weaving'), ['Ada Łucja Lovelace']);
    assert.deepEqual(await names('?skill=weav'), []);
    assert.deepEqual(await names('?place=SAO+PAULO'), ['Ada Łucja Lovelace', 'Jean-Luc Ｐicard']);
    assert.deepEqual(await names('?country=FR'), ['Jean-Luc Ｐicard']);
    assert.deepEqual(await names('?place=são+paulo&country=BR&skill=c&q=ada'), ['Ada Łucja Lovelace']);
    assert.deepEqual(await names('?country=FR&skill=c'), []);
    assert.deepEqual(await names('?place=%3DFR'), []);
    assert.deepEqual(await names('?skill=WEAVING!'), ['Ada Łucja Lovelace'], 'by its name, too');
    for (const words of ['paulo', 'Pau', 'paulo+são']) {
      assert.deepEqual(await names(`?place=${words}&skill=c`), ['Ada Łucja Lovelace'], words);
    }
    assert.deepEqual(await names('?place=aulo'), []);
  });

  it('finds nobody by a place that not everybody may see', async () => {
    for (const level of ['connections', 'private']) {
      await change(ada, '/privacy', { location: level });
      assert.deepEqual(await names('?country=BR'), [], level);
      assert.deepEqual(await names('?country=BR', admin), [], level);
      assert.deepEqual(await names('?q=ada'), ['Ada Łucja Lovelace']);
    }
    await change(ada, '/privacy', { location: 'members' });
    assert.deepEqual(await names('?country=BR'), ['Ada Łucja Lovelace']);
  });

  it('leaves out who does not want to be found, but for themselves and for those who may read anybody', async () => {
    await change(ada, '/settings', { searchable: false });
    assert.deepEqual(await names('?q=ada'), []);
    assert.deepEqual(await names('?q=ada', ada), ['Ada Łucja Lovelace']);
    assert.deepEqual(await names('?q=ada', admin), ['Ada Łucja Lovelace']);
    await change(ada, '/settings', { searchable: true });
  });

  it('hides people from each other whom a block stands between', async () => {
    const path = `/api/users/${ada.user.id}/block`;
    await server.call('POST', path, { token: asker.accessToken });
    assert.deepEqual([await names('?q=ada'), await names('?q=asker', ada)], [[], []]);
    assert.deepEqual(await names('?q=ada', jean), ['Ada Łucja Lovelace']);
    await server.call('DELETE', path, { token: asker.accessToken });
    assert.deepEqual(await names('?q=ada'), ['Ada Łucja Lovelace']);
  });

  it('goes on behind a cursor, which is good for this question of this person alone', async () => {
    const first = (await call(asker, '?place=sao+paulo&limit=1')).body as Found;
    const cursor = first.page.nextCursor ?? assert.fail('no cursor');
    assert.deepEqual(await names(`?place=sao+paulo&limit=1&cursor=${cursor}`), ['Jean-Luc Ｐicard']);
    for (const [who, query] of [
      [asker, 'place=rio'],
      [asker, 'place=sao+paulo&country=FR'],
      [asker, 'skill=c'],
      [ada, 'place=sao+paulo'],
    ] as const) {
      assert.equal(problemOf(await call(who, `?${query}&limit=1&cursor=${cursor}`)).code, 'request.invalid');
    }
  });

  it('refuses what does not fit', async () => {
    for (const query of [
      '?country=br',
      '?skill=%2B%2B',
      '?skill=',
      '?place=',
      '?place=!',
      '?near=1,2',
      '?place[$ne]=x',
    ]) {
      assert.equal(problemOf(await call(asker, query)).code, 'request.invalid', query);
    }
  });

  it('reads an index in the order of the answer, and no more of it than the page', async () => {
    // Those who are looked for come last by name: whoever reads by name alone reads everybody.
    const many = Array.from({ length: 400 }, (_, index) => ({
      _id: `many${index}`,
      email: `many${index}@example.test`,
      name: `Many ${index}`,
      nameKey: index < 385 ? `aa ${index}` : `zz ${index}`,
      ...(index < 385 ? {} : { namePrefixes: ['ma', 'many'], placePrefixes: ['rome', '=IT'], skillSlugs: ['latin'] }),
      roles: ['user'],
      createdAt: new Date(),
      updatedAt: new Date(),
      rev: 0,
    }));
    await users().insertMany(many);
    await mongoose.connection.db?.command({ profile: 2, filter: { op: 'query', ns: { $regex: '\\.users$' } } });
    try {
      for (const query of ['?q=many', '?skill=latin', '?place=rome', '?country=IT', '?q=ma&skill=latin', '']) {
        const before = new Date();
        await call(asker, `${query}${query === '' ? '?' : '&'}limit=10`);
        const profiled = await mongoose.connection
          .collection('system.profile')
          .find({ ts: { $gte: before }, 'command.find': 'users', 'command.sort': { $exists: true } })
          .toArray();
        assert.equal(profiled.length, 1, query);
        const [{ planSummary, docsExamined, keysExamined, hasSortStage } = {}] = profiled as {
          planSummary?: string;
          docsExamined?: number;
          keysExamined?: number;
          hasSortStage?: boolean;
        }[];
        assert.match(planSummary ?? '', /^IXSCAN/u, query);
        assert.equal(hasSortStage, undefined, `${query} sorts`);
        assert.ok((docsExamined ?? 1_000) <= 20 && (keysExamined ?? 1_000) <= 20, `${query}: ${docsExamined} read`);
      }
    } finally {
      await mongoose.connection.db?.command({ profile: 0 });
    }
  });
});
