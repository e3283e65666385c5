// What somebody did, for themselves and for others, over HTTP.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { z } from 'zod';
import { newId } from '#src/platform/ids.ts';
import { authService } from '#src/services/auth/index.ts';
import { userService } from '#src/services/user/index.ts';
import { acted, pageShape } from '../../support/activity.ts';
import { registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { problemOf, startServer, type TestServer } from '../../support/http.ts';
import { tie } from '../../support/people.ts';
import { rowsIn, skillCalls } from '../../support/skills.ts';

describe('activity', () => {
  let server: TestServer;
  let api: ReturnType<typeof skillCalls>;
  let ada: LoggedIn;
  let ben: LoggedIn;
  let eve: LoggedIn;

  before(async () => {
    server = await startServer([userService, authService]);
    api = skillCalls(server);
    [ada, ben, eve] = (await Promise.all(
      ['Ada', 'Ben', 'Eve'].map(async (name) => await registerSomebody(server, name)),
    )) as [LoggedIn, LoggedIn, LoggedIn];
    await tie(ada.user.id, ben.user.id);
    await api.add(ada, 'Chess');
    await api.add(ada, 'Law', { visibility: 'private' });
    await api.endorse(ben, ada, 'chess');
    await api.call('POST', ada, `/api/users/${ada.user.id}/portfolio`, { kind: 'work', title: 'Open' });
    await api.call('POST', ada, `/api/users/${ada.user.id}/portfolio`, {
      kind: 'work',
      title: 'Shut',
      visibility: 'private',
    });
  });
  after(async () => await server.close());

  const pathOf = (who: LoggedIn, rest: string): string => `/api/users/${who.user.id}${rest}`;
  const activityOf = async (owner: LoggedIn, viewer = owner, query = '') =>
    pageShape.parse((await api.call('GET', viewer, pathOf(owner, `/activity${query}`))).body);
  const typesOf = async (owner: LoggedIn, viewer = owner, query = ''): Promise<string[]> =>
    (await activityOf(owner, viewer, query)).data.map(({ type }) => type);
  describe('of oneself', () => {
    it('is all one did and all that concerns one, the newest first, in pages', async () => {
      const added = ['portfolio.item-added', 'portfolio.item-added', 'skill.endorsed', 'skill.added', 'skill.added'];
      assert.deepEqual(await typesOf(ada), [...added, 'user.registered']);
      assert.deepEqual(await typesOf(ben), ['skill.endorsed', 'user.registered']);
      const seen: string[] = [];
      let cursor: string | null = '';
      while (cursor !== null) {
        const query: string = `?limit=2${cursor && `&cursor=${cursor}`}`;
        const { data, page }: z.output<typeof pageShape> = await activityOf(ada, ada, query);
        seen.push(...data.map(({ type }) => type));
        cursor = page.nextCursor;
      }
      assert.deepEqual(seen, [...added, 'user.registered']);
      assert.deepEqual(await typesOf(ada, ada, '?types=skill.endorsed,user.registered'), [
        'skill.endorsed',
        'user.registered',
      ]);
    });

    it('takes no cursor of another list and no odd types', async () => {
      const { page } = await activityOf(ada, ada, '?limit=1');
      for (const query of [
        `?cursor=${page.nextCursor}&types=skill.added`,
        '?types=$ne',
        '?types=',
        '?cursor=x',
        '?limit=101',
      ]) {
        assert.equal((await api.call('GET', ada, pathOf(ada, `/activity${query}`))).status, 422, query);
      }
      assert.equal((await api.call('GET', ben, pathOf(ada, `/activity?cursor=${page.nextCursor}`))).status, 422);
    });
  });

  describe('of others', () => {
    it('is what may be seen now', async () => {
      assert.deepEqual(await typesOf(ada, eve), [
        'portfolio.item-added',
        'skill.endorsed',
        'skill.added',
        'user.registered',
      ]);
      await acted(ada, [new Date()], {
        type: 'portfolio.item-removed',
        audience: [`user.${ada.user.id}`],
        subject: `user.${ada.user.id}`,
      });
      await api.call('PATCH', ada, api.pathOf(ada, '/chess'), { visibility: 'connections' });
      assert.deepEqual(await typesOf(ada, eve), ['portfolio.item-added', 'user.registered']);
      assert.equal((await typesOf(ada, ben)).length, 4);
      await api.call('PATCH', ada, api.pathOf(ada, '/chess'), { visibility: 'public' });
      assert.equal((await typesOf(ada, eve)).length, 4);
      // Whom the one who looks has to do with a block is not shown.
      await tie(eve.user.id, ben.user.id, { blockedBy: [eve.user.id] });
      assert.equal((await typesOf(ada, eve)).includes('skill.endorsed'), false);
      assert.deepEqual(await typesOf(ada, eve, '?types=connection.accepted,skill.added'), ['skill.added']);
    });

    it('is nobody’s to whom a block stands, and nobody’s without a token', async () => {
      for (const path of [pathOf(ben, '/activity'), pathOf(ben, '/views')]) {
        const method = path.endsWith('views') ? 'POST' : 'GET';
        assert.equal(problemOf(await api.call(method, eve, path)).code, 'user.not-found');
        assert.equal((await server.call(method, path)).status, 401);
      }
      assert.equal((await api.call('GET', eve, `/api/users/${newId()}/activity`)).status, 404);
    });
  });

  it('is read over indexes', async () => {
    const plan = JSON.stringify(
      await rowsIn('events')
        .find({ $and: [{ $or: [{ actor: ada.user.id }, { audience: `user.${ada.user.id}` }] }, {}] })
        .sort({ time: -1, _id: -1 })
        .limit(20)
        .explain(),
    );
    const winning = plan.slice(0, plan.indexOf('rejectedPlans'));
    assert.ok(winning.includes('SORT_MERGE') && !winning.includes('COLLSCAN'), winning);
  });
});
