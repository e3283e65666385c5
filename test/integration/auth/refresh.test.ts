// Refresh tokens: exchanged once, forgiven for ten seconds, told of and ended when they come back later.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'mocha';
import fc from 'fast-check';
import { decodeJwt } from 'jose';
import mongoose from 'mongoose';
import { sessionTimes } from '#config/auth.ts';
import { Work } from '#src/platform/commands/work.ts';
import { Events } from '#src/platform/events/event.ts';
import { sharedClient } from '#src/platform/redis/clients.ts';
import { authService } from '#src/services/auth/index.ts';
import { userService } from '#src/services/user/index.ts';
import { asLoggedIn, logIn, registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { problemOf, startServer, type TestServer } from '../../support/http.ts';
import { seeded } from '../../support/seeded.ts';

interface Row {
  readonly _id: string;
  readonly userId: string;
  readonly rotatedAt?: Date;
  readonly expiresAt: Date;
  readonly createdAt: Date;
  readonly revokedAt?: Date;
  readonly reason?: string;
}

describe('POST /api/auth/refresh', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer([userService, authService]);
  });
  after(async () => await server.close());

  const rows = () => mongoose.connection.collection<Row>('sessions');
  const refresh = async (refreshToken: string) =>
    await server.call('POST', '/api/auth/refresh', { body: { refreshToken } });
  const meStatus = async (token: string): Promise<number> =>
    (await server.call('GET', '/api/auth/me', { token })).status;
  const sidOf = ({ accessToken }: LoggedIn): string => String(decodeJwt(accessToken)['sid']);
  const rowOf = async (of: LoggedIn): Promise<Row> => (await rows().findOne({ _id: sidOf(of) })) ?? assert.fail();
  /** As if the last exchange had been longer ago. */
  const ageBy = async (of: LoggedIn, ms: number): Promise<void> => {
    const { rotatedAt } = await rowOf(of);
    await rows().updateOne({ _id: sidOf(of) }, { $set: { rotatedAt: new Date(Number(rotatedAt) - ms) } });
  };

  it('exchanges the token for another one of the same session', async () => {
    const first = await registerSomebody(server);
    const second = asLoggedIn((await refresh(first.refreshToken)).body);
    const third = asLoggedIn((await refresh(second.refreshToken)).body);
    assert.equal(new Set([first, second, third].map(({ refreshToken }) => refreshToken)).size, 3);
    assert.equal(sidOf(third), sidOf(first));
    assert.deepEqual(third.user, first.user);
    assert.equal(await meStatus(third.accessToken), 200);
  });

  it('lets fifty who exchange one token at once all go on in one session', async () => {
    const first = await registerSomebody(server);
    const answers = await Promise.all(
      Array.from({ length: 50 }, async () => asLoggedIn((await refresh(first.refreshToken)).body)),
    );
    assert.equal(new Set(answers.map(({ refreshToken }) => refreshToken)).size, 1);
    const statuses = await Promise.all(answers.map(async ({ accessToken }) => await meStatus(accessToken)));
    assert.deepEqual([...new Set(statuses)], [200]);
    assert.equal(await rows().countDocuments({ userId: first.user.id, revokedAt: { $exists: false } }), 1);
    const again = await Promise.all(answers.map(async ({ refreshToken }) => (await refresh(refreshToken)).status));
    assert.deepEqual([...new Set(again)], [200]);
  });

  it('gives who repeats it within ten seconds the same successor, and later ends the session', async () => {
    const first = await registerSomebody(server);
    const second = asLoggedIn((await refresh(first.refreshToken)).body);
    await ageBy(first, sessionTimes.graceMs - 2_000);
    const repeated = asLoggedIn((await refresh(first.refreshToken)).body);
    assert.equal(repeated.refreshToken, second.refreshToken);
    assert.equal(await meStatus(repeated.accessToken), 200);
    await ageBy(first, 2_001);
    assert.equal(problemOf(await refresh(first.refreshToken)).code, 'auth.refresh-refused');
    assert.equal(await meStatus(second.accessToken), 401);
    assert.equal((await refresh(second.refreshToken)).status, 401);
    assert.equal((await rowOf(first)).reason, 'token-reused');
  });

  it('ends the session at once for a token whose successor was exchanged too', async () => {
    const first = await registerSomebody(server);
    const second = asLoggedIn((await refresh(first.refreshToken)).body);
    const third = asLoggedIn((await refresh(second.refreshToken)).body);
    assert.equal((await refresh(first.refreshToken)).status, 401);
    assert.equal(await meStatus(third.accessToken), 401);
  });

  it('tells the user once, in the list, in the feed and by mail, and ends no other session', async () => {
    const first = await registerSomebody(server);
    const other = await logIn(server, first.user.email);
    const second = asLoggedIn((await refresh(first.refreshToken)).body);
    await refresh(second.refreshToken);
    await Promise.all(Array.from({ length: 5 }, async () => await refresh(first.refreshToken)));
    assert.equal(await meStatus(other.accessToken), 200);
    const told = await server.call('GET', '/api/auth/security-events', { token: other.accessToken });
    const reused = (told.body as { data: { kind: string; id: string; sessionId: string }[] }).data.filter(
      ({ kind }) => kind === 'session.token-reused',
    );
    assert.deepEqual(
      reused.map(({ sessionId }) => sessionId),
      [sidOf(first)],
    );
    const events = await Events.native()
      .find({ type: 'security.noticed', subject: `user.${first.user.id}` })
      .toArray();
    assert.deepEqual(
      events.map(({ data, audience }) => [data['kind'], data['eventId'], audience]),
      [['session.token-reused', reused[0]?.id, [`user.${first.user.id}`]]],
    );
    const mails = await Work.native()
      .find({ kind: 'mail.message.send', 'input.to': first.user.email, 'input.template': 'auth.security-notice' })
      .toArray();
    assert.equal(mails.length, 1);
    const kept = JSON.stringify(mails);
    assert.match(kept, /session\.token-reused/u);
    assert.equal(kept.includes(first.refreshToken), false);
  });

  it('lets nobody end a session with a token that was never given', async () => {
    const { accessToken, refreshToken } = await registerSomebody(server);
    const [sessionId = '', generation = '', tag = ''] = refreshToken.split('.');
    const flipped = `${tag.startsWith('A') ? 'B' : 'A'}${tag.slice(1)}`;
    for (const forged of [
      `${sessionId}.${generation}.${flipped}`,
      `${sessionId}.1.${tag}`,
      `${sessionId}.-1.${tag}`,
      `${sessionId}.00.${tag}`,
      `${sessionId}.${generation}`,
      sessionId,
      `${refreshToken}.x`,
      `${refreshToken} `,
      accessToken,
    ]) {
      assert.equal((await refresh(forged)).status, 401, forged);
    }
    assert.equal(await meStatus(accessToken), 200);
    assert.equal((await refresh(refreshToken)).status, 200);
  });

  it('keeps nothing that opens anything', async () => {
    const { refreshToken } = await registerSomebody(server);
    const collections = await mongoose.connection.db?.collections();
    const all = await Promise.all((collections ?? []).map(async (each) => await each.find({}).toArray()));
    assert.equal(JSON.stringify(all).includes(refreshToken.split('.')[2] ?? '?'), false);
  });

  it('prolongs the session to seven days from now, and never beyond thirty from its beginning', async () => {
    const first = await registerSomebody(server);
    const day = 86_400_000;
    const { createdAt } = await rowOf(first);
    await rows().updateOne({ _id: sidOf(first) }, { $set: { expiresAt: new Date(Date.now() + 1_000) } });
    const second = asLoggedIn((await refresh(first.refreshToken)).body);
    const idle = (await rowOf(first)).expiresAt.getTime() - createdAt.getTime();
    assert.ok(idle >= 7 * day && idle < 7 * day + 60_000, String(idle));
    const begun = new Date(Date.now() - 29 * day);
    await rows().updateOne({ _id: sidOf(first) }, { $set: { createdAt: begun } });
    const third = asLoggedIn((await refresh(second.refreshToken)).body);
    assert.equal((await rowOf(first)).expiresAt.getTime(), begun.getTime() + 30 * day);
    await rows().updateOne({ _id: sidOf(first) }, { $set: { expiresAt: new Date(Date.now() - 1) } });
    assert.equal((await refresh(third.refreshToken)).status, 401);
    assert.equal((await rowOf(first)).revokedAt, undefined, 'an expired session is not a stolen one');
  });

  it('works without Redis', async () => {
    const first = await registerSomebody(server);
    const client = sharedClient();
    const gone = once(client, 'end');
    client.disconnect();
    await gone;
    try {
      const second = asLoggedIn((await refresh(first.refreshToken)).body);
      assert.equal(await meStatus(second.accessToken), 200);
      assert.equal(await meStatus((await logIn(server, first.user.email)).accessToken), 200);
      const third = asLoggedIn((await refresh(second.refreshToken)).body);
      assert.equal((await refresh(first.refreshToken)).status, 401);
      assert.equal(await meStatus(third.accessToken), 401);
    } finally {
      await client.connect();
    }
  });

  // Any order of exchanges, repeats within the grace and late ones: the newest token is good until an old one comes.
  it('agrees with a model under any order of exchanges', async function () {
    this.timeout(20_000);
    const step = fc.record({ back: fc.integer({ min: 0, max: 3 }), late: fc.boolean() });
    const model = fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
      const first = await registerSomebody(server);
      const given = [first.refreshToken];
      let lives = true;
      let isLate = false;
      for (const { back, late } of steps) {
        const index = Math.max(given.length - 1 - back, 0);
        if (late && given.length > 1) {
          isLate = true;
          await ageBy(first, sessionTimes.graceMs + 1);
        }
        const reply = await refresh(given[index] ?? '');
        const isNewest = index === given.length - 1;
        const isForgiven: boolean = index === given.length - 2 && !isLate;
        lives &&= isNewest || isForgiven;
        assert.equal(reply.status, lives ? 200 : 401);
        if (lives && isNewest) {
          isLate = false;
          given.push(asLoggedIn(reply.body).refreshToken);
        } else if (lives) {
          assert.equal(asLoggedIn(reply.body).refreshToken, given.at(-1));
        }
      }
    });
    await fc.assert(model, { numRuns: 15, seed: seeded().seed });
  });
});
