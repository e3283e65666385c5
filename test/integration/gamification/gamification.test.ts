// XP over HTTP on real MongoDB and Redis, with owners that commit: the whole first slice in one process.
import assert from 'node:assert/strict';
import { badges } from '#config/gamification.ts';
import { workOwner } from '#src/platform/commands/drain-work.ts';
import { operations } from '#src/platform/commands/operations.ts';
import type { Owner } from '#src/platform/commands/owner.ts';
import { waitingCallers } from '#src/platform/commands/settled.ts';
import { Work } from '#src/platform/commands/work.ts';
import { feedOwner } from '#src/platform/events/feeds.ts';
import { newId } from '#src/platform/ids.ts';
import { authService } from '#src/services/auth/index.ts';
import { gamificationService } from '#src/services/gamification/index.ts';
import { stateMachineService } from '#src/services/state-machine/index.ts';
import { userService } from '#src/services/user/index.ts';
import { websocketService } from '#src/services/websocket/index.ts';
import { logInAdmin, registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { eventually } from '../../support/eventually.ts';
import { problemOf, startServer, type Reply, type TestServer } from '../../support/http.ts';

interface Granted {
  readonly xp: number;
  readonly level: { readonly name: string; readonly number: number };
  readonly awarded: readonly { readonly code: string }[];
}

describe('gamification', function () {
  this.timeout(20_000);
  let server: TestServer;
  let owners: Owner[];
  let admin: LoggedIn;
  let ada: LoggedIn;

  before(async () => {
    server = await startServer([
      userService,
      authService,
      gamificationService,
      stateMachineService,
      websocketService,
      operations,
    ]);
    owners = [workOwner(server.registry, 'gamification'), workOwner(server.registry, 'machines'), feedOwner()];
    owners.forEach((owner) => owner.start());
    admin = await logInAdmin(server);
    ada = await registerSomebody(server, 'Ada');
  });

  after(async () => {
    await Promise.all(owners.map(async (owner) => await owner.stop()));
    await server.close();
  });

  const grant = async (body: object, headers: Record<string, string> = {}, token = admin.accessToken): Promise<Reply> =>
    await server.call('POST', '/api/gamification/xp/add', { body, headers, token });
  const get = async (path: string, token = ada.accessToken): Promise<Reply> =>
    await server.call('GET', path, { token });
  const somebody = async (): Promise<string> => (await registerSomebody(server)).user.id;

  it('answers a grant with the totals after it, and the next GET knows them', async () => {
    const userId = await somebody();
    const first = await grant({ userId, amount: 60, reason: 'gave a talk' });
    assert.equal(first.status, 201);
    assert.deepEqual(first.body, {
      userId,
      xp: 60,
      level: { name: 'OWLET', number: 1 },
      awarded: [{ code: 'first-contribution', name: 'First contribution' }],
    });
    const second = (await grant({ userId, amount: 240, reason: 'mentored' })).body as Granted;
    assert.deepEqual([second.xp, second.level.name, second.awarded], [300, 'BRANCHLING', []]);
    assert.deepEqual((await get(`/api/gamification/xp/${userId}`)).body, {
      userId,
      xp: 300,
      level: { name: 'BRANCHLING', number: 3 },
      next: { name: 'GLIDER', xp: 700, missing: 400 },
    });
  });

  it('awards each badge once, at the grant that makes its rule true', async () => {
    const userId = await somebody();
    const awarded: string[] = [];
    for (let index = 0; index < 12; index += 1) {
      awarded.push(
        ...((await grant({ userId, amount: 5_000, reason: 'x' })).body as Granted).awarded.map(
          ({ code }) => `${index}:${code}`,
        ),
      );
    }
    assert.deepEqual(awarded, ['0:first-contribution', '0:night-watcher', '9:regular', '9:sky-master']);
    const profile = (await get(`/api/gamification/profile/${userId}`)).body as {
      badges: { code: string }[];
      grants: number;
    };
    assert.equal(profile.grants, 12);
    assert.deepEqual(
      profile.badges.map(({ code }) => code).toSorted(),
      badges
        .map(({ code }) => code)
        .filter((code) => code !== 'centurion')
        .toSorted(),
    );
  });

  it('gives the stored answer to the same key, also when its work row is long gone, and 422 to another body', async () => {
    const userId = await somebody();
    const key = { 'idempotency-key': `talk-${newId()}` };
    const body = { userId, amount: 10, reason: 'talk' };
    const first = await grant(body, key);
    const again = await grant(body, key);
    assert.equal(again.status, 201);
    assert.equal(first.headers.get('idempotency-replayed'), null);
    assert.equal(again.headers.get('idempotency-replayed'), 'true');
    assert.deepEqual(again.body, first.body);
    assert.equal(problemOf(await grant({ ...body, amount: 11 }, key)).code, 'idempotency.body-differs');
    await Work.native().deleteMany({ idempotencyKey: key['idempotency-key'] });
    const later = await grant(body, key);
    assert.equal(later.headers.get('idempotency-replayed'), 'true');
    assert.deepEqual(later.body, first.body);
    await Work.native().deleteMany({ idempotencyKey: key['idempotency-key'] });
    assert.equal(problemOf(await grant({ ...body, amount: 11 }, key)).code, 'idempotency.body-differs');
    assert.equal(((await get(`/api/gamification/xp/${userId}`)).body as Granted).xp, 10);
  });

  it('keeps nobody waiting for rows that were never written', async () => {
    const userId = await somebody();
    const key = { 'idempotency-key': newId(), prefer: 'wait=30' };
    for (let round = 0; round < 5; round += 1) {
      await grant({ userId, amount: 10, reason: 'talk' }, key);
    }
    await grant({ userId, amount: 11, reason: 'talk' }, key);
    assert.equal(waitingCallers(), 0);
  });

  it('repeats a refusal under its key', async () => {
    const key = { 'idempotency-key': newId() };
    const body = { userId: 'nobody', amount: 1, reason: 'x' };
    const first = await grant(body, key);
    assert.equal(first.status, 404);
    assert.equal(problemOf(first).code, 'gamification.user-unknown');
    const again = await grant(body, key);
    assert.equal(again.status, 404);
    assert.equal(again.headers.get('idempotency-replayed'), 'true');
  });

  it('answers 202 at once when asked to, and the operation says how it ended', async () => {
    const userId = await somebody();
    const accepted = await grant({ userId, amount: 7, reason: 'x' }, { prefer: 'respond-async' });
    assert.equal(accepted.status, 202);
    const { id, kind, state } = accepted.body as { id: string; kind: string; state: string };
    assert.equal(accepted.headers.get('location'), `/api/operations/${id}`);
    assert.deepEqual([kind, state], ['gamification.xp.add', 'new']);
    const done = await eventually(async () => {
      const { body } = await get(`/api/operations/${id}`, admin.accessToken);
      assert.equal((body as { state: string }).state, 'done');
      return body as { result: Granted; doneAt: string };
    });
    assert.equal(done.result.xp, 7);
    assert.equal((await get(`/api/operations/${id}`)).status, 404, 'operations of others do not exist');
  });

  it('takes corrections only from those who may, and keeps a level once reached', async () => {
    const userId = await somebody();
    await grant({ userId, amount: 150, reason: 'x' });
    const body = (await grant({ userId, amount: -100, reason: 'counted twice' })).body as Granted;
    assert.deepEqual([body.xp, body.level.name], [50, 'FLEDGLING']);
  });

  it('refuses who may not and what does not fit, and writes nothing', async () => {
    const userId = await somebody();
    const before = await Work.native().countDocuments({});
    assert.equal((await grant({ userId, amount: 1, reason: 'x' }, {}, ada.accessToken)).status, 403);
    for (const body of [
      { userId, amount: 1.5, reason: 'x' },
      { userId, amount: 0, reason: 'x' },
      { userId, amount: '1', reason: 'x' },
      { userId, amount: 1 },
      { userId, amount: 1, reason: 'x', rev: 9 },
      { userId: { $gt: '' }, amount: 1, reason: 'x' },
    ]) {
      const refused = await grant(body);
      assert.equal(refused.status, 422);
      assert.equal(problemOf(refused).code, 'request.invalid');
    }
    assert.equal((await grant({ userId, amount: 1, reason: 'x' }, { 'idempotency-key': 'two words' })).status, 400);
    assert.equal(await Work.native().countDocuments({}), before);
  });

  it('puts what happened into the feed of the person, numbered from 1, under the request it came from', async () => {
    const person = await registerSomebody(server);
    const requestId = newId();
    await grant({ userId: person.user.id, amount: 120, reason: 'x' }, { 'x-request-id': requestId });
    const feed = `/api/websocket/feeds/user.${person.user.id}`;
    const page = await eventually(async () => {
      const body = (await get(feed, person.accessToken)).body as {
        data: { seq: number; event: { type: string; requestid: string } }[];
        head: number;
      };
      assert.ok(body.data.some(({ event }) => event.type === 'machine.transitioned' && event.requestid === requestId));
      return body;
    });
    assert.deepEqual(
      page.data.map(({ seq }) => seq),
      page.data.map((_, index) => index + 1),
    );
    const types = page.data.filter(({ event }) => event.requestid === requestId).map(({ event }) => event.type);
    for (const type of ['xp.added', 'level.reached', 'badge.awarded']) {
      assert.ok(types.includes(type), `${type} is not among ${types.join(' ')}`);
    }
    assert.equal((await get(feed)).status, 404, "somebody else's feed does not exist");
    assert.equal(
      ((await get(`${feed}?since=${page.head + 5}`, person.accessToken)).body as { reset?: boolean }).reset,
      true,
    );
    assert.equal(
      ((await get(`${feed}?since=1&epoch=other`, person.accessToken)).body as { reset?: boolean }).reset,
      true,
    );
  });

  it('moves the onboarding of whoever earns', async () => {
    const userId = await somebody();
    const state = async (): Promise<unknown> =>
      ((await get(`/api/state-machines/onboarding/${userId}/state`, admin.accessToken)).body as { value: unknown })
        .value;
    await eventually(async () => assert.equal(await state(), 'registered'));
    await grant({ userId, amount: 10, reason: 'x' });
    await eventually(async () => assert.equal(await state(), 'firstXp'));
    await grant({ userId, amount: 100, reason: 'x' });
    await eventually(async () => assert.equal(await state(), 'active'));
  });

  it('pages the leaderboard with names and says of when it is', async () => {
    const first = (await get('/api/gamification/leaderboard?limit=2')).body as {
      data: { rank: number; name: string; score: number }[];
      page: { nextCursor: string; hasMore: boolean };
      asOf: string;
    };
    assert.deepEqual(
      first.data.map(({ rank }) => rank),
      [1, 2],
    );
    assert.ok(first.page.hasMore && Date.parse(first.asOf) > 0);
    const next = (await get(`/api/gamification/leaderboard?limit=2&cursor=${first.page.nextCursor}`))
      .body as typeof first;
    assert.deepEqual(
      next.data.map(({ rank }) => rank),
      [3, 4],
    );
    assert.equal((await get('/api/gamification/leaderboard?cursor=forged')).status, 422);
    assert.equal((await get('/api/gamification/leaderboard?board=none')).status, 422);
  });
});
