// The list of what admins did, over HTTP.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { logIn, registerSomebody } from '../../support/accounts.ts';
import { readActs, startBoard, type BoardServer } from '../../support/board.ts';
import { problemOf } from '../../support/http.ts';

describe('GET /api/audit', () => {
  let board: BoardServer;
  let cookie: string;
  before(async () => {
    board = await startBoard();
    cookie = await board.logIn('admin@example.test');
  });
  after(async () => await board.close());

  it('lists the acts, the newest first, by page, actor and action, to those who may read them', async () => {
    for (const path of ['machines.5/pause', 'machines.5/resume', 'resume']) {
      assert.equal((await board.script('PUT', `/admin/queues/api/queues/${path}`, { cookie })).status, 200);
    }
    const all = (await readActs(board)).data;
    assert.equal(all.length, 6);
    assert.deepEqual(
      all.map(({ id }) => id),
      all
        .map(({ id }) => id)
        .toSorted()
        .toReversed(),
    );
    const pages: string[] = [];
    let query = '?limit=4';
    for (let more = true; more;) {
      const { data, page } = await readActs(board, query);
      pages.push(...data.map(({ id }) => id));
      more = page.hasMore;
      query = `?limit=4&cursor=${page.nextCursor}`;
    }
    assert.deepEqual(
      pages,
      all.map(({ id }) => id),
    );
    const actions = async (filter: string): Promise<string[]> =>
      (await readActs(board, `?${filter}`)).data.map(({ action }) => action);
    assert.deepEqual(await actions('action=queue.pause'), ['queue.pause', 'queue.pause']);
    assert.deepEqual(await actions('action=queue.all'), ['queue.all.resume', 'queue.all.resume']);
    assert.equal((await actions('action=queue')).length, 6);
    assert.equal((await actions('action=que')).length, 0);
    assert.equal((await actions(`actor=${board.admin.user.id}&action=queue.resume`)).length, 2);
    assert.equal((await actions('actor=somebody')).length, 0);
    const [reader, somebody] = [
      await logIn(board.server, await board.person('auditor')),
      await registerSomebody(board.server),
    ];
    // The auditor's account is an act too.
    assert.equal((await readActs(board, '', reader.accessToken)).data.length, 7);
    const refused = await board.server.call('GET', '/api/audit', { token: somebody.accessToken });
    assert.equal(problemOf(refused).code, 'auth.forbidden');
    assert.equal((await board.server.call('GET', '/api/audit')).status, 401);
    for (const bad of ['?action=$ne', '?limit=0', '?cursor=x', '?who=me', '?actor[$ne]=x']) {
      const reply = await board.server.call('GET', `/api/audit${bad}`, { token: reader.accessToken });
      assert.equal(reply.status, 422, bad);
    }
  });
});
