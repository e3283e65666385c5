// Portfolios, over HTTP.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { Events } from '#src/platform/events/event.ts';
import { newId } from '#src/platform/ids.ts';
import { authService } from '#src/services/auth/index.ts';
import { userService } from '#src/services/user/index.ts';
import { registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { problemOf, startServer, type TestServer } from '../../support/http.ts';
import { tie } from '../../support/people.ts';
import { itemShape, portfolioCalls, saidIn } from '../../support/portfolio.ts';

describe('portfolios', () => {
  let server: TestServer;
  let api: ReturnType<typeof portfolioCalls>;
  let ada: LoggedIn;
  before(async () => {
    server = await startServer([userService, authService]);
    api = portfolioCalls(server);
    ada = await registerSomebody(server, 'Ada');
  });
  after(async () => await server.close());

  it('have items that are added, changed, moved and removed by their owner', async () => {
    const first = await api.add(ada, {
      title: 'Analyst',
      organisation: 'Engines',
      start: '1842-10',
      end: '1843',
      url: 'https://example.org/ö',
    });
    assert.equal(first.status, 201);
    const { id, ...rest } = itemShape.parse(first.body);
    assert.deepEqual(rest, {
      kind: 'work',
      title: 'Analyst',
      organisation: 'Engines',
      start: '1842-10',
      end: '1843',
      url: 'https://example.org/%C3%B6',
      visibility: 'members',
    });
    await api.add(ada, { kind: 'award', title: 'Prize', visibility: 'private' });
    await api.add(ada, { kind: 'project', title: 'Notes', position: 0 });
    assert.deepEqual(await api.titles(ada), ['Notes', 'Analyst', 'Prize']);
    const path = api.pathOf(ada, `/portfolio/${id}`);
    const changed = await api.call('PATCH', ada, path, { end: null, summary: 'G\nH', position: 2 });
    assert.deepEqual([changed.status, (changed.body as Record<string, unknown>)['end']], [200, undefined]);
    assert.deepEqual((await api.call('GET', ada, path)).body, changed.body);
    assert.deepEqual(await api.titles(ada), ['Notes', 'Prize', 'Analyst']);
    assert.equal((await api.call('DELETE', ada, path)).status, 204);
    assert.equal(problemOf(await api.call('DELETE', ada, path)).code, 'user.portfolio-item-not-found');
    assert.equal(problemOf(await api.call('PATCH', ada, path, {})).code, 'user.portfolio-item-not-found');
    const types = (
      await Events.native()
        .find({ actor: ada.user.id, type: /^portfolio/u })
        .sort({ time: 1, _id: 1 })
        .toArray()
    ).map(({ type }) => type.replace('portfolio.item-', ''));
    assert.deepEqual(types, ['added', 'added', 'added', 'changed', 'removed']);
    const one = await api.itemsOf(ada, ada, '?limit=1');
    const two = await api.itemsOf(ada, ada, `?limit=1&cursor=${one.page.nextCursor}`);
    assert.deepEqual([one.data[0]?.['title'], two.data[0]?.['title'], two.page.hasMore], ['Notes', 'Prize', false]);
    assert.equal(
      (await api.call('GET', ada, api.pathOf(ada, `/portfolio?kind=award&cursor=${one.page.nextCursor}`))).status,
      422,
    );
    assert.equal((await api.itemsOf(ada, ada, '?kind=award')).data.length, 1);
  });

  it('show each item by its own level, in every door, and nothing to whom a block stands against', async () => {
    const owner = await registerSomebody(server, 'Owner');
    const [friend, stranger, blocked] = await Promise.all([1, 2, 3].map(async () => await registerSomebody(server)));
    await tie(owner.user.id, friend!.user.id);
    await tie(owner.user.id, blocked!.user.id, { blockedBy: [owner.user.id] });
    for (const visibility of ['public', 'members', 'connections', 'private']) {
      await api.add(owner, { title: visibility, visibility });
    }
    const inResume = async (viewer: LoggedIn): Promise<unknown[]> =>
      (saidIn(await api.exported(owner, viewer))['work'] ?? []).map((entry) => entry['position']);
    for (const [viewer, seen] of [
      [owner, ['public', 'members', 'connections', 'private']],
      [friend!, ['public', 'members', 'connections']],
      [stranger!, ['public', 'members']],
    ] as const) {
      assert.deepEqual([await api.titles(owner, viewer), await inResume(viewer)], [seen, seen]);
    }
    const hidden = (await api.itemsOf(owner)).data.at(-1);
    const one = api.pathOf(owner, `/portfolio/${hidden?.id}`);
    assert.equal(problemOf(await api.call('GET', friend!, one)).code, 'user.portfolio-item-not-found');
    for (const path of [api.pathOf(owner, '/portfolio'), api.pathOf(owner, '/resume'), one]) {
      assert.equal(problemOf(await api.call('GET', blocked!, path)).code, 'user.not-found');
      assert.equal((await server.call('GET', path)).status, 401);
    }
    for (const [method, path, body] of [
      ['POST', api.pathOf(owner, '/portfolio'), { kind: 'work', title: 'x' }],
      ['PATCH', one, { title: 'x' }],
      ['DELETE', one, undefined],
      ['POST', api.pathOf(owner, '/resume'), {}],
    ] as const) {
      assert.equal(problemOf(await api.call(method, friend!, path, body)).code, 'user.not-found');
    }
  });

  it('refuse addresses that are no plain links, days there are not, and what does not fit', async () => {
    for (const item of [
      { title: 'x', url: 'javascript:alert(1)' },
      { title: 'x', url: ' JavaScript://example.org/%0aalert(1)' },
      { title: 'x', url: 'data:text/html,<script>' },
      { title: 'x', url: 'vbscript:x' },
      { title: 'x', url: 'https://example.org/"onmouseover="alert(1)' },
      { title: 'x', url: 'https://exa mple.org' },
      { title: 'x', url: 'https://' },
      { title: 'x', url: '//example.org' },
      { title: 'x', start: '2023-02-30' },
      { title: 'x', start: '2023-13' },
      { title: 'x', start: '2023-1-1' },
      { title: 'x', start: 2023 },
      { title: 'x', start: '2023-05', end: '2022' },
      { title: 'x', start: '2023-05-02', end: '2023-05-01' },
      { title: 'x', kind: 'crime' },
      { title: 'a\nb' },
      { start: '2023' },
      { title: 'x', highlights: Array.from({ length: 51 }, () => 'h') },
      { title: 'x', id: 'mine' },
      { title: { $ne: '' } },
    ]) {
      assert.equal((await api.add(ada, item)).status, 422, JSON.stringify(item));
    }
    for (const url of ['mailto:a@example.org', 'HTTP://example.org:8080/a?b=c#d']) {
      assert.equal((await api.add(ada, { title: url, url })).status, 201, url);
    }
    assert.equal((await api.add(ada, { title: 'x', start: '2023-05', end: '2023' })).status, 201);
    assert.equal((await api.call('GET', ada, `/api/users/${newId()}/portfolio`)).status, 404);
  });

  it('hold 100 items and 256 kB', async () => {
    const much = await registerSomebody(server);
    const work = (from: number, count: number): object => ({
      work: Array.from({ length: count }, (_, index) => ({ name: `w${from + index}` })),
    });
    assert.equal((await api.imported(much, work(0, 99))).status, 200);
    assert.equal(problemOf(await api.imported(much, work(99, 2))).code, 'user.portfolio-full');
    const replies = await Promise.all([1, 2, 3].map(async () => (await api.add(much, { title: 'last' })).status));
    assert.deepEqual(
      replies.toSorted((one, other) => one - other),
      [201, 409, 409],
    );
    const long = await registerSomebody(server);
    const highlights = Array.from({ length: 50 }, () => 'x'.repeat(1_000));
    const statuses = await Promise.all(
      Array.from({ length: 7 }, async () => (await api.add(long, { title: 'l', highlights })).status),
    );
    assert.equal(statuses.filter((status) => status === 201).length, 5);
  });
});
