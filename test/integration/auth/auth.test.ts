// Registering, logging in, tokens, refreshing and logging out, over HTTP.
import assert from 'node:assert/strict';
import { sign } from 'node:crypto';
import { after, before, describe, it } from 'mocha';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose';
import mongoose from 'mongoose';
import { Work } from '#src/platform/commands/work.ts';
import { Events } from '#src/platform/events/event.ts';
import { accessTokens } from '#config/auth.ts';
import { onSessionEnded } from '#src/platform/auth/session-endings.ts';
import { signingKey } from '#src/platform/auth/signing-keys.ts';
import { issueAccessToken } from '#src/platform/auth/tokens.ts';
import { authService, bootstrapAdmin } from '#src/services/auth/index.ts';
import { userService } from '#src/services/user/index.ts';
import { asLoggedIn, hashesDone, logIn, password, registerSomebody } from '../../support/accounts.ts';
import { eventually } from '../../support/eventually.ts';
import { problemOf, startServer, type TestServer } from '../../support/http.ts';

describe('auth', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer([userService, authService]);
  });
  after(async () => await server.close());

  const meStatus = async (token: string): Promise<number> =>
    (await server.call('GET', '/api/auth/me', { token })).status;

  describe('POST /api/auth/register', () => {
    it('makes an account, logs it in, and tells everybody once', async () => {
      const body = { email: ' Ada@Example.test ', name: ' Ada ', password };
      const reply = await server.call('POST', '/api/auth/register', { body });
      assert.equal(reply.status, 201);
      const { user, expiresIn } = asLoggedIn(reply.body);
      assert.deepEqual({ ...user, id: '' }, { id: '', email: 'ada@example.test', name: 'Ada', roles: ['user'] });
      assert.equal(expiresIn, 600);
      const events = await Events.native()
        .find({ subject: `user.${user.id}` })
        .toArray();
      assert.deepEqual(
        events.map(({ type, data, audience }) => ({ type, data, audience })),
        [{ type: 'user.registered', data: { userId: user.id, name: 'Ada' }, audience: [`user.${user.id}`] }],
      );
      assert.equal(events[0]?.requestId, reply.headers.get('x-request-id'));
    });

    it('says openly that an address is taken, in any case', async () => {
      const { user } = await registerSomebody(server);
      const body = { email: user.email.toUpperCase(), name: 'Other', password };
      assert.equal(problemOf(await server.call('POST', '/api/auth/register', { body })).code, 'auth.email-taken');
    });

    it('lets one of many who register an address at once win', async () => {
      const body = { email: 'race@example.test', name: 'Racer', password };
      const replies = await Promise.all(
        Array.from({ length: 8 }, async () => await server.call('POST', '/api/auth/register', { body })),
      );
      assert.equal(replies.filter(({ status }) => status === 201).length, 1);
      assert.equal(replies.filter(({ status }) => status === 409).length, 7);
    });

    it('keeps no password and no hash in any row but the account', async () => {
      const { user } = await registerSomebody(server);
      const kept = JSON.stringify([await Work.native().find({}).toArray(), await Events.native().find({}).toArray()]);
      assert.equal(kept.includes(password), false);
      assert.equal(kept.includes('$argon2id'), false);
      const account = await mongoose.connection.collection('users').findOne({ email: user.email });
      assert.match(String(account?.['passwordHash']), /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/u);
    });

    it('ignores Idempotency-Key', async () => {
      const call = { body: { email: 'key@example.test', name: 'Key', password }, headers: { 'Idempotency-Key': 'k1' } };
      assert.equal((await server.call('POST', '/api/auth/register', call)).status, 201);
      const again = await server.call('POST', '/api/auth/register', call);
      assert.equal(problemOf(again).code, 'auth.email-taken');
      assert.equal(again.headers.get('idempotency-replayed'), null);
    });

    it('refuses what does not fit, and roles nobody asked for', async () => {
      const good = { email: 'x@example.test', name: 'X', password };
      for (const [change, pointer] of [
        [{ email: 'nobody' }, '/body/email'],
        [{ email: { $gt: '' } }, '/body/email'],
        [{ name: '' }, '/body/name'],
        [{ name: 'a\u0000b' }, '/body/name'],
        [{ password: 'seven77' }, '/body/password'],
        [{ password: 'x'.repeat(257) }, '/body/password'],
        [{ roles: ['admin'] }, '/body/roles'],
        [{ passwordHash: 'x' }, '/body/passwordHash'],
        [{ isAdmin: true }, '/body/isAdmin'],
      ] as const) {
        const problem = problemOf(await server.call('POST', '/api/auth/register', { body: { ...good, ...change } }));
        assert.deepEqual([problem.status, problem.errors?.[0]?.pointer], [422, pointer]);
      }
    });
  });

  describe('POST /api/auth/login', () => {
    it('takes the password in any Unicode form and the address in any case', async () => {
      const body = { email: 'uni@example.test', name: 'Uni', password: 'Ångström-Å' };
      assert.equal((await server.call('POST', '/api/auth/register', { body })).status, 201);
      const other = { email: 'UNI@example.test', password: 'Ångström-\u212B'.normalize('NFD') };
      const reply = await server.call('POST', '/api/auth/login', { body: other });
      assert.equal(reply.status, 200);
      assert.equal(asLoggedIn(reply.body).user.email, 'uni@example.test');
    });

    it('answers the same to a wrong password and to nobody', async () => {
      const { user } = await registerSomebody(server);
      const [wrong, nobody] = await Promise.all(
        [user.email, 'nobody@example.test'].map(
          async (email) =>
            await server.call('POST', '/api/auth/login', { body: { email, password: 'wrong password' } }),
        ),
      );
      assert.ok(wrong && nobody);
      assert.equal(problemOf(wrong).code, 'auth.invalid-credentials');
      assert.equal(wrong.status, 401);
      assert.ok(wrong.headers.get('www-authenticate'));
      assert.deepEqual({ ...problemOf(wrong), requestId: '' }, { ...problemOf(nobody), requestId: '' });
    });

    it('does the same work whether or not there is an account, or a password', async () => {
      const { user } = await registerSomebody(server);
      const work = async (email: string): Promise<number> => {
        const before = await hashesDone();
        await server.call('POST', '/api/auth/login', { body: { email, password: 'wrong password' } });
        return (await hashesDone()) - before;
      };
      assert.deepEqual([await work(user.email), await work('nobody@example.test')], [1, 1]);
    });
  });

  describe('access tokens', () => {
    it('are ES256 at+jwt of ten minutes that the published keys check', async () => {
      const { accessToken, user } = await registerSomebody(server);
      const set = (await server.call('GET', '/.well-known/jwks.json')).body as JSONWebKeySet;
      const { payload, protectedHeader } = await jwtVerify(accessToken, createLocalJWKSet(set), {
        issuer: 'urn:smartstart-brain',
        audience: 'urn:smartstart-brain:api',
        algorithms: ['ES256'],
      });
      assert.deepEqual(Object.keys(protectedHeader).sort(), ['alg', 'kid', 'typ']);
      assert.equal(protectedHeader.typ, 'at+jwt');
      assert.equal(payload.sub, user.id);
      assert.equal((payload.exp ?? 0) - (payload.iat ?? 0), 600);
      assert.deepEqual(Object.keys(payload).sort(), ['aud', 'exp', 'iat', 'iss', 'jti', 'sid', 'sub']);
    });

    it('are forgiven five seconds, need a session that is there, and the one they name', async () => {
      const { accessToken } = await registerSomebody(server);
      const other = await registerSomebody(server);
      const nowS = Math.floor(Date.now() / 1000);
      const claims = decodeJwt(accessToken);
      const { privateKey } = await signingKey();
      const resigned = (changes: object): string => {
        const parts = [decodeProtectedHeader(accessToken), { ...claims, ...changes }];
        const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
        const signature = sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' });
        return `${text}.${signature.toString('base64url')}`;
      };
      assert.equal(await meStatus(resigned({})), 200);
      assert.equal(await meStatus(resigned({ exp: nowS - 2 })), 200);
      assert.equal(await meStatus(resigned({ exp: nowS - 6 })), 401);
      assert.equal(await meStatus(resigned({ sid: 'nobody-has-this' })), 401);
      assert.equal(await meStatus(resigned({ sid: String(decodeJwt(other.accessToken)['sid']) })), 401);
    });

    it('that were good expire all the same', async () => {
      const { user, accessToken } = await registerSomebody(server);
      const sessionId = String(decodeJwt(accessToken)['sid']);
      // One second and the forgiven ones are left of it.
      const token = await issueAccessToken({ userId: user.id, sessionId }, -accessTokens.toleranceS + 2);
      assert.equal(await meStatus(token), 200);
      await eventually(async () => assert.equal(await meStatus(token), 401));
    });

    it('say who one is', async () => {
      const { accessToken, user } = await registerSomebody(server);
      const reply = await server.call('GET', '/api/auth/me', { token: accessToken });
      assert.deepEqual([reply.status, reply.body], [200, { ...user, emailVerifiedAt: null }]);
    });
  });

  describe('POST /api/auth/logout', () => {
    it('ends the session at once, for its tokens and for whoever listens, and no other', async () => {
      const first = await registerSomebody(server);
      const second = await logIn(server, first.user.email);
      const ended: string[] = [];
      const stop = onSessionEnded(({ sessionId, userId }) => ended.push(`${sessionId} ${userId}`));
      assert.equal(await meStatus(first.accessToken), 200);
      const reply = await server.call('POST', '/api/auth/logout', { token: first.accessToken });
      stop();
      assert.deepEqual([reply.status, reply.text], [204, '']);
      const dead = await server.call('GET', '/api/auth/me', { token: first.accessToken });
      assert.equal(problemOf(dead).code, 'auth.unauthenticated');
      assert.equal(dead.headers.get('www-authenticate'), 'Bearer error="invalid_token"');
      const { refreshToken } = first;
      assert.equal((await server.call('POST', '/api/auth/refresh', { body: { refreshToken } })).status, 401);
      assert.equal(await meStatus(second.accessToken), 200);
      assert.deepEqual(ended, [`${String(decodeJwt(first.accessToken)['sid'])} ${first.user.id}`]);
    });
  });

  it('makes one first admin, however many processes boot', async () => {
    const first = { email: 'First.Admin@example.test', password };
    await Promise.all(Array.from({ length: 4 }, async () => await bootstrapAdmin(server.submit, first)));
    const { user } = await logIn(server, first.email);
    assert.deepEqual(user.roles, ['user', 'admin']);
    await bootstrapAdmin(server.submit, { email: 'second@example.test', password });
    const admins = await mongoose.connection.collection('users').countDocuments({ roles: 'admin' });
    assert.equal(admins, 1);
  });
});
