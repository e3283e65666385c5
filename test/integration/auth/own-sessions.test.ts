// One's own sessions and what one is told of them: listed with their devices, ended singly, others, all; the oldest of too
// many; security events and the mail about a new device.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { decodeJwt } from 'jose';
import mongoose from 'mongoose';
import { sessionCounts, sessionTimes } from '#config/auth.ts';
import { endSessionsOf } from '#src/platform/auth/session-endings.ts';
import { Work } from '#src/platform/commands/work.ts';
import { redisKey, sharedClient } from '#src/platform/redis/clients.ts';
import { authService } from '#src/services/auth/index.ts';
import { userService } from '#src/services/user/index.ts';
import { asLoggedIn, password, registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { problemOf, startServer, type TestServer } from '../../support/http.ts';

const agents = {
  chrome:
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  newerChrome:
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
  iphone:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1',
};

interface SessionView {
  readonly id: string;
  readonly device: { readonly browser: string; readonly os: string; readonly type: string };
  readonly ip: string;
  readonly createdAt: string;
  readonly lastSeenAt: string;
  readonly current: boolean;
}
interface SessionPage {
  readonly data: readonly SessionView[];
  readonly page: { readonly nextCursor: string | null; readonly hasMore: boolean };
}
interface EventPage {
  readonly data: readonly { id: string; kind: string; sessionId?: string; device?: object; ip?: string }[];
  readonly page: SessionPage['page'];
}

describe('own sessions', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer([userService, authService]);
  });
  after(async () => await server.close());

  const sidOf = ({ accessToken }: LoggedIn): string => String(decodeJwt(accessToken)['sid']);
  const logInWith = async (email: string, userAgent: string): Promise<LoggedIn> => {
    const call = { body: { email, password }, headers: { 'user-agent': userAgent } };
    return asLoggedIn((await server.call('POST', '/api/auth/login', call)).body);
  };
  const list = async ({ accessToken: token }: LoggedIn, query = ''): Promise<SessionPage> =>
    (await server.call('GET', `/api/auth/sessions${query}`, { token })).body as SessionPage;
  const events = async ({ accessToken: token }: LoggedIn, query = ''): Promise<EventPage> =>
    (await server.call('GET', `/api/auth/security-events${query}`, { token })).body as EventPage;
  const statusOf = async ({ accessToken: token }: LoggedIn): Promise<number> =>
    (await server.call('GET', '/api/auth/me', { token })).status;
  const rows = () => mongoose.connection.collection<{ _id: string; userId: string; lastSeenAt: Date }>('sessions');

  it('are listed with their devices, the newest first, and nobody else’s', async () => {
    const first = await registerSomebody(server);
    await registerSomebody(server);
    const phone = await logInWith(first.user.email, agents.iphone);
    const desk = await logInWith(first.user.email, agents.chrome);
    const { data, page } = await list(desk);
    assert.deepEqual(
      data.map(({ id, device, current }) => [id, device.browser, device.os, device.type, current]),
      [
        [sidOf(desk), 'Chrome 126', 'Windows 10', 'desktop', true],
        [sidOf(phone), 'Safari 17', 'iOS 17.4', 'mobile', false],
        [sidOf(first), 'unknown', 'unknown', 'unknown', false],
      ],
    );
    assert.ok(data.every(({ ip }) => ip.endsWith('127.0.0.1')));
    assert.deepEqual(page, { nextCursor: null, hasMore: false });
    const [one, two] = [await list(desk, '?limit=2'), await list(desk, '?limit=2')];
    assert.deepEqual(one.data, two.data);
    const rest = await list(desk, `?limit=2&cursor=${encodeURIComponent(one.page.nextCursor ?? '')}`);
    assert.deepEqual([...one.data, ...rest.data], data);
    const foreign = `?cursor=${encodeURIComponent(one.page.nextCursor ?? '')}`;
    const stranger = await registerSomebody(server);
    const reply = await server.call('GET', `/api/auth/sessions${foreign}`, { token: stranger.accessToken });
    assert.equal(problemOf(reply).status, 422);
  });

  it('are ended singly; those of others, unknown and ended ones are 404 and stay as they are', async () => {
    const mine = await registerSomebody(server);
    const other = await logInWith(mine.user.email, agents.chrome);
    const stranger = await registerSomebody(server);
    const end = async (by: LoggedIn, id: string) =>
      await server.call('DELETE', `/api/auth/sessions/${id}`, { token: by.accessToken });
    assert.equal(problemOf(await end(stranger, sidOf(other))).status, 404);
    assert.equal(await statusOf(other), 200);
    assert.equal((await end(mine, sidOf(other))).status, 204);
    assert.equal(await statusOf(other), 401);
    assert.equal((await end(mine, sidOf(other))).status, 404);
    assert.equal((await end(mine, 'nobody-has-this')).status, 404);
    assert.deepEqual(
      (await list(mine)).data.map(({ id }) => id),
      [sidOf(mine)],
    );
    assert.equal((await end(mine, sidOf(mine))).status, 204);
    assert.equal(await statusOf(mine), 401);
  });

  it('all but this one, and then all, are ended, and nobody else’s', async () => {
    const [mine, stranger] = [await registerSomebody(server), await registerSomebody(server)];
    const others = await Promise.all([1, 2].map(async () => await logInWith(mine.user.email, agents.chrome)));
    const post = async (path: string) => await server.call('POST', path, { token: mine.accessToken });
    assert.equal((await post('/api/auth/logout-others')).status, 204);
    assert.deepEqual(await Promise.all([mine, ...others, stranger].map(statusOf)), [200, 401, 401, 200]);
    const later = await logInWith(mine.user.email, agents.chrome);
    assert.equal((await post('/api/auth/logout-all')).status, 204);
    assert.deepEqual(await Promise.all([mine, later, stranger].map(statusOf)), [401, 401, 200]);
  });

  it('end for others who call, with a reason, and stay ended when Redis is emptied', async () => {
    const mine = await registerSomebody(server);
    const other = await logInWith(mine.user.email, agents.chrome);
    assert.deepEqual(await Promise.all([mine, other].map(statusOf)), [200, 200]);
    await endSessionsOf(mine.user.id, { except: sidOf(mine), reason: 'password' });
    assert.deepEqual(await Promise.all([mine, other].map(statusOf)), [200, 401]);
    await sharedClient().del(...[mine, other].map((each) => redisKey('cache', `session.${sidOf(each)}`)));
    assert.deepEqual(await Promise.all([mine, other].map(statusOf)), [200, 401]);
    const ended = await mongoose.connection.collection('sessions').findOne({ _id: sidOf(other) as never });
    assert.equal(ended?.['reason'], 'password');
    const told = (await events(mine)).data.filter(({ kind }) => kind === 'session.ended');
    assert.deepEqual(
      told.map(({ sessionId }) => sessionId),
      [sidOf(other)],
    );
  });

  it('are twenty at most: the oldest goes', async () => {
    const first = await registerSomebody(server);
    const row = await rows().findOne({ _id: sidOf(first) });
    assert.ok(row);
    // Older than all that are made now, though begun after the first.
    const copies = Array.from({ length: sessionCounts.most - 1 }, (_, index) => ({
      ...row,
      _id: `${row._id}-${String(index).padStart(2, '0')}`,
    }));
    await rows().insertMany(copies);
    assert.equal(await statusOf(first), 200);
    const newest = await logInWith(first.user.email, agents.chrome);
    assert.equal(await statusOf(first), 401);
    const { data } = await list(newest, '?limit=100');
    assert.equal(data.length, sessionCounts.most);
    assert.equal(data[0]?.id, sidOf(newest));
    await Promise.all(Array.from({ length: 4 }, async () => await logInWith(first.user.email, agents.chrome)));
    assert.equal((await list(newest, '?limit=100')).data.length, sessionCounts.most);
  });

  it('know to the minute when they were used, without a write for each request', async () => {
    const mine = await registerSomebody(server);
    const long = new Date(Date.now() - sessionTimes.seenEveryMs - 1_000);
    const use = async (seenAt: Date): Promise<Date | undefined> => {
      await rows().updateOne({ _id: sidOf(mine) }, { $set: { lastSeenAt: seenAt } });
      await sharedClient().del(redisKey('cache', `session.${sidOf(mine)}`));
      assert.equal(await statusOf(mine), 200);
      return (await rows().findOne({ _id: sidOf(mine) }))?.lastSeenAt;
    };
    assert.ok(Number(await use(long)) > long.getTime() + 50_000);
    const lately = new Date(Date.now() - 5_000);
    assert.equal(Number(await use(lately)), lately.getTime(), 'written again within the minute');
  });

  it('that begin and end are told of, and a new device by mail, but not the first one or a newer version', async () => {
    const call = { body: { email: 'device@example.test', name: 'Dev Ice', password } };
    const registered = await server.call('POST', '/api/auth/register', {
      ...call,
      headers: { 'user-agent': agents.chrome },
    });
    const first = asLoggedIn(registered.body);
    await logInWith(first.user.email, agents.newerChrome);
    const mails = async () =>
      (
        await Work.native()
          .find({ kind: 'mail.message.send', 'input.to': first.user.email, 'input.template': 'auth.security-notice' })
          .toArray()
      ).map(({ input }) => input as { template: string; data: Record<string, unknown> });
    assert.deepEqual(await mails(), []);
    const phone = await logInWith(first.user.email, agents.iphone);
    await logInWith(first.user.email, agents.iphone);
    const [mail, ...more] = await mails();
    assert.deepEqual(more, []);
    assert.deepEqual(
      [mail?.template, mail?.data['kind'], mail?.data['name'], mail?.data['device']],
      ['auth.security-notice', 'session.new-device', 'Dev Ice', 'Safari 17 on iOS 17.4'],
    );
    await server.call('POST', '/api/auth/logout', { token: phone.accessToken });
    const all = await events(first, '?limit=100');
    assert.deepEqual(
      all.data.map(({ kind }) => kind).toSorted(),
      [...Array.from({ length: 4 }, () => 'session.began'), 'session.ended', 'session.new-device'].toSorted(),
    );
    assert.equal(all.data[0]?.kind, 'session.ended');
    assert.equal(all.data[0]?.sessionId, sidOf(phone));
    const one = await events(first, '?limit=4');
    const rest = await events(first, `?limit=4&cursor=${encodeURIComponent(one.page.nextCursor ?? '')}`);
    assert.deepEqual([...one.data, ...rest.data], all.data);
    const stranger = await registerSomebody(server);
    assert.deepEqual(
      (await events(stranger)).data.map(({ kind }) => kind),
      ['session.began'],
    );
  });
});
