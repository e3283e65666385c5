// Proving and changing e-mail addresses, over HTTP, with the mails that come of it.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import mongoose from 'mongoose';
import type { Owner } from '#src/platform/commands/owner.ts';
import { authService } from '#src/services/auth/index.ts';
import { userService } from '#src/services/user/index.ts';
import { effectsWorker } from '#workers/effects.worker.ts';
import { mailsTo, password, registerSomebody, tokenIn } from '../../support/accounts.ts';
import { problemOf, startServer, type Reply, type TestServer } from '../../support/http.ts';

let count = 0;
const address = (): string => `moved.${(count += 1)}.${Date.now()}@example.test`;

describe('e-mail addresses over HTTP', function () {
  this.timeout(20_000);
  let server: TestServer;
  let worker: Owner;
  before(async () => {
    server = await startServer([userService, authService]);
    worker = effectsWorker(server.registry);
    worker.start();
  });
  after(async () => {
    await worker.stop();
    await server.close();
  });

  const post = async (path: string, body?: unknown, token?: string): Promise<Reply> =>
    await server.call('POST', `/api/auth/${path}`, {
      ...(body === undefined ? {} : { body }),
      ...(token === undefined ? {} : { token }),
    });
  const me = async (token: string): Promise<{ email: string; emailVerifiedAt: string | null }> =>
    (await server.call('GET', '/api/auth/me', { token })).body as never;
  const askChange = async (newEmail: string, token: string): Promise<string> => {
    assert.equal((await post('email/change', { newEmail, currentPassword: password }, token)).status, 202);
    return tokenIn((await mailsTo(newEmail, 'auth.email-change')).at(0));
  };

  it('are proven once with the token that registering sends', async () => {
    const { accessToken, user } = await registerSomebody(server);
    assert.equal((await me(accessToken)).emailVerifiedAt, null);
    const [mail] = await mailsTo(user.email, 'auth.email-verify');
    assert.match(mail?.text ?? '', /http:\/\/localhost:\d+\/verify-email#token=/u);
    const token = tokenIn(mail);
    assert.equal((await post('email/verify', { token })).status, 204);
    assert.ok(Date.parse((await me(accessToken)).emailVerifiedAt ?? '') > 0);
    assert.equal(problemOf(await post('email/verify', { token })).code, 'auth.token-refused');
    // Nothing is left to prove: no other mail.
    assert.equal((await post('email/resend', undefined, accessToken)).status, 202);
    await mailsTo(user.email, 'auth.email-verify');
  });

  it('are proven with a mail that was asked for again, and the first stays good', async () => {
    const { accessToken, user } = await registerSomebody(server);
    assert.equal((await post('email/resend', undefined, accessToken)).status, 202);
    const [first, second] = await mailsTo(user.email, 'auth.email-verify', 2);
    assert.notEqual(tokenIn(first), tokenIn(second));
    assert.equal((await post('email/verify', { token: tokenIn(first) })).status, 204);
    assert.equal((await server.call('POST', '/api/auth/email/resend')).status, 401);
  });

  it('change when the new one proves itself, and the old one is told twice', async () => {
    const { accessToken, user } = await registerSomebody(server);
    const to = address();
    const token = await askChange(to, accessToken);
    assert.equal((await me(accessToken)).email, user.email);
    assert.equal((await post('email/change/confirm', { token })).status, 204);
    const now = await me(accessToken);
    assert.equal(now.email, to);
    assert.ok(now.emailVerifiedAt);
    await mailsTo(user.email, 'auth.email-changed', 2);
    assert.equal((await post('login', { email: to, password })).status, 200);
    assert.equal((await post('login', { email: user.email, password })).status, 401);
    assert.equal(problemOf(await post('email/change/confirm', { token })).code, 'auth.token-refused');
    const events = await mongoose.connection.collection('security_events').countDocuments({ kind: 'email.changed' });
    assert.equal(events, 1);
  });

  it('do not change without the password, to a taken one, or with another kind of token', async () => {
    const { accessToken, user } = await registerSomebody(server);
    const other = await registerSomebody(server);
    const wrong = await post('email/change', { newEmail: address(), currentPassword: 'not it at all' }, accessToken);
    assert.equal(problemOf(wrong).code, 'auth.wrong-password');
    const taken = { newEmail: other.user.email.toUpperCase(), currentPassword: password };
    assert.equal(problemOf(await post('email/change', taken, accessToken)).code, 'auth.email-taken');
    const verification = tokenIn((await mailsTo(user.email, 'auth.email-verify')).at(0));
    assert.equal(problemOf(await post('email/change/confirm', { token: verification })).code, 'auth.token-refused');
    assert.equal((await me(accessToken)).email, user.email);
  });

  it('do not change to one that somebody took meanwhile, nor after the password was changed', async () => {
    const first = await registerSomebody(server);
    const contested = address();
    const token = await askChange(contested, first.accessToken);
    assert.equal((await post('register', { email: contested, name: 'Quick', password })).status, 201);
    assert.equal(problemOf(await post('email/change/confirm', { token })).code, 'auth.email-taken');
    const late = await askChange(address(), first.accessToken);
    const body = { currentPassword: password, newPassword: 'four unrelated words indeed' };
    assert.equal((await post('password/change', body, first.accessToken)).status, 204);
    assert.equal(problemOf(await post('email/change/confirm', { token: late })).code, 'auth.token-refused');
  });
});
