// What a session survives and what ends it: Redis emptied, away, or told too early; MongoDB away too.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'mocha';
import { decodeJwt } from 'jose';
import mongoose from 'mongoose';
import { endSession } from '#src/platform/auth/session-endings.ts';
import { findSession } from '#src/platform/auth/sessions.ts';
import { recall, remember } from '#src/platform/auth/session-cache.ts';
import { verifyAccessToken } from '#src/platform/http/authenticate.ts';
import { asAppError } from '#src/platform/http/problem.ts';
import { redisKey, sharedClient } from '#src/platform/redis/clients.ts';
import { authService } from '#src/services/auth/index.ts';
import { userService } from '#src/services/user/index.ts';
import { logInAdmin, registerSomebody } from '../../support/accounts.ts';
import { eventually } from '../../support/eventually.ts';
import { startServer, type TestServer } from '../../support/http.ts';

describe('sessions', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer([userService, authService]);
  });
  after(async () => await server.close());

  const meStatus = async (token: string): Promise<number> =>
    (await server.call('GET', '/api/auth/me', { token })).status;
  const sidOf = (token: string): string => String(decodeJwt(token)['sid']);
  const forgetInRedis = async (sid: string): Promise<void> => {
    await sharedClient().del(redisKey('cache', `session.${sid}`));
  };

  /** As if Redis were gone: commands answer nothing until `back`. */
  const withoutRedis = async (run: () => Promise<void>): Promise<void> => {
    const client = sharedClient();
    const gone = once(client, 'end');
    client.disconnect();
    await gone;
    try {
      await run();
    } finally {
      await client.connect();
    }
  };

  it('are asked of Redis for a while', async () => {
    const { accessToken, user } = await registerSomebody(server);
    const sid = sidOf(accessToken);
    assert.equal(await recall(sid), null);
    assert.equal(await meStatus(accessToken), 200);
    const recalled = await recall(sid);
    assert.ok(recalled !== null && recalled !== 'over');
    assert.deepEqual([recalled.userId, recalled.roles], [user.id, ['user']]);
    const ttlMs = await sharedClient().pttl(redisKey('cache', `session.${sid}`));
    assert.ok(ttlMs > 0 && ttlMs <= 30_000, String(ttlMs));
  });

  it('that ended stay ended when Redis is emptied', async () => {
    const { accessToken } = await registerSomebody(server);
    await server.call('POST', '/api/auth/logout', { token: accessToken });
    await forgetInRedis(sidOf(accessToken));
    assert.equal(await meStatus(accessToken), 401);
  });

  it('that live go on living when Redis is emptied', async () => {
    const { accessToken } = await registerSomebody(server);
    assert.equal(await meStatus(accessToken), 200);
    await forgetInRedis(sidOf(accessToken));
    assert.equal(await meStatus(accessToken), 200);
  });

  it('that ended are not brought back by an answer from before their end', async () => {
    const { accessToken } = await registerSomebody(server);
    const sid = sidOf(accessToken);
    const before = await findSession(sid);
    assert.ok(before);
    await forgetInRedis(sid);
    await endSession(sid);
    // Somebody read "lives" in MongoDB before the end and comes to Redis with it after.
    await remember(before);
    assert.equal(await recall(sid), 'over');
    assert.equal(await meStatus(accessToken), 401);
  });

  it('work without Redis, and end without it', async () => {
    const [staying, leaving] = [await registerSomebody(server), await registerSomebody(server)];
    assert.equal(await meStatus(leaving.accessToken), 200);
    await withoutRedis(async () => {
      assert.equal(await meStatus(staying.accessToken), 200);
      assert.equal((await server.call('POST', '/api/auth/logout', { token: leaving.accessToken })).status, 204);
      assert.equal(await meStatus(leaving.accessToken), 401);
    });
    assert.equal(await meStatus(staying.accessToken), 200);
  });

  it('that ended without Redis are over when it is back with an older answer', async () => {
    const { accessToken } = await registerSomebody(server);
    const sid = sidOf(accessToken);
    assert.equal(await meStatus(accessToken), 200);
    await withoutRedis(async () => await endSession(sid));
    await eventually(async () => assert.equal(await recall(sid), 'over'));
    assert.equal(await meStatus(accessToken), 401);
  });

  it('that expired are over', async () => {
    const { accessToken } = await registerSomebody(server);
    const sid = sidOf(accessToken);
    await mongoose.connection
      .collection('sessions')
      .updateOne({ _id: sid as never }, { $set: { expiresAt: new Date(Date.now() - 1) } });
    assert.equal(await findSession(sid), null);
    assert.equal(await meStatus(accessToken), 401);
  });

  it('carry the roles of their user', async () => {
    const { accessToken } = await logInAdmin(server);
    const { caller, expiresAt, sessionId } = await verifyAccessToken(accessToken);
    assert.equal(caller.can('user.create'), true);
    assert.equal(caller.can('no.such-permission'), false);
    assert.equal(sessionId, sidOf(accessToken));
    assert.ok(expiresAt.getTime() > Date.now() + 590_000);
    const somebody = await registerSomebody(server);
    assert.equal((await verifyAccessToken(somebody.accessToken)).caller.can('user.create'), false);
  });

  it('cannot be judged without Redis and MongoDB: 503', async () => {
    const { accessToken } = await registerSomebody(server);
    const client = mongoose.connection.getClient();
    await withoutRedis(async () => {
      await client.close();
      const error = await verifyAccessToken(accessToken).then(
        () => assert.fail('nobody could know'),
        (thrown: unknown) => asAppError(thrown),
      );
      assert.equal(error.problem.status, 503);
      await client.connect();
    });
    assert.equal(await meStatus(accessToken), 200);
  });
});
