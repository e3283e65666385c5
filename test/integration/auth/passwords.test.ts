// Changing, forgetting and resetting passwords, over HTTP, with the mails that come of it.
import assert from 'node:assert/strict';
import { hash } from '@node-rs/argon2';
import { after, before, describe, it } from 'mocha';
import mongoose from 'mongoose';
import { linkMails } from '#config/auth.ts';
import { Work } from '#src/platform/commands/work.ts';
import type { Owner } from '#src/platform/commands/owner.ts';
import { Mails } from '#src/platform/mail/mail.model.ts';
import { openBrowserSession } from '#src/platform/auth/browser-sessions.ts';
import { authService } from '#src/services/auth/index.ts';
import { userService } from '#src/services/user/index.ts';
import { effectsWorker } from '#workers/effects.worker.ts';
import { operationsWorker } from '#workers/operations.worker.ts';
import { hashesDone, logIn, mailsTo, password, registerSomebody, tokenIn } from '../../support/accounts.ts';
import { eventually } from '../../support/eventually.ts';
import { problemOf, startServer, type Reply, type TestServer } from '../../support/http.ts';

const other = 'four unrelated words indeed';

describe('passwords over HTTP', function () {
  this.timeout(20_000);
  let server: TestServer;
  let workers: readonly Owner[];
  before(async () => {
    server = await startServer([userService, authService]);
    workers = [operationsWorker(server.registry), effectsWorker(server.registry)];
    workers.forEach((worker) => worker.start());
  });
  after(async () => {
    await Promise.all(workers.map(async (worker) => await worker.stop()));
    await server.close();
  });

  const post = async (path: string, body: unknown, token?: string): Promise<Reply> =>
    await server.call('POST', `/api/auth/${path}`, { body, ...(token === undefined ? {} : { token }) });
  const meStatus = async (token: string): Promise<number> =>
    (await server.call('GET', '/api/auth/me', { token })).status;
  const users = () =>
    mongoose.connection.collection<{ _id: string; passwordHash: string; emailVerifiedAt?: Date }>('users');
  const tokens = () => mongoose.connection.collection<{ _id: string }>('one_time_tokens');
  const kindsOf = async (userId: string): Promise<string[]> =>
    (await mongoose.connection.collection('security_events').find({ userId }).sort({ _id: 1 }).toArray()).map(
      ({ kind }) => String(kind),
    );
  const forget = async (email: string, many = 1): Promise<string> => {
    assert.equal((await post('password/forgot', { email })).status, 202);
    return tokenIn((await mailsTo(email, 'auth.password-reset', many)).at(-1));
  };

  it('changes a password, ends every other session, and tells the owner', async () => {
    const here = await registerSomebody(server);
    const there = await logIn(server, here.user.email);
    const body = { currentPassword: password, newPassword: other };
    assert.equal((await post('password/change', body, here.accessToken)).status, 204);
    assert.deepEqual([await meStatus(here.accessToken), await meStatus(there.accessToken)], [200, 401]);
    const { email } = here.user;
    assert.equal((await post('login', { email, password })).status, 401);
    assert.equal((await post('login', { email, password: other })).status, 200);
    await mailsTo(email, 'auth.password-changed');
    assert.ok((await kindsOf(here.user.id)).includes('password.changed'));
  });

  it('changes nothing without the current password, or for one that is guessed', async () => {
    const { accessToken, user } = await registerSomebody(server, 'Hans Schmidt');
    const wrong = await post('password/change', { currentPassword: other, newPassword: other }, accessToken);
    assert.deepEqual([wrong.status, problemOf(wrong).code], [403, 'auth.wrong-password']);
    for (const newPassword of ['password1', 'schmidt1985', 'aaaaaaaaaaaa', user.email]) {
      const reply = await post('password/change', { currentPassword: password, newPassword }, accessToken);
      const { code, errors } = problemOf(reply);
      assert.deepEqual([reply.status, code, errors?.[0]?.pointer], [422, 'auth.weak-password', '/body/newPassword']);
    }
    assert.equal((await post('login', { email: user.email, password })).status, 200);
  });

  it('resets a password once, ends all sessions, logs nobody in, and proves the address', async () => {
    const { accessToken, user } = await registerSomebody(server);
    const token = await forget(user.email);
    const reply = await post('password/reset', { token, newPassword: other });
    assert.deepEqual([reply.status, reply.text], [204, '']);
    assert.equal(await meStatus(accessToken), 401);
    assert.equal(problemOf(await post('password/reset', { token, newPassword: password })).code, 'auth.token-refused');
    assert.equal((await post('login', { email: user.email, password: other })).status, 200);
    assert.ok((await users().findOne({ _id: user.id }))?.emailVerifiedAt);
    assert.deepEqual(
      (await kindsOf(user.id)).filter((kind) => kind.startsWith('password')),
      ['password.reset-asked', 'password.reset'],
    );
  });

  it('lets one of two resets win, with one token or with two', async () => {
    for (const many of [1, 2]) {
      const { user } = await registerSomebody(server);
      const first = await forget(user.email);
      const second = many === 1 ? first : await forget(user.email, 2);
      const replies = await Promise.all([
        post('password/reset', { token: first, newPassword: other }),
        post('password/reset', { token: second, newPassword: 'yet another long one' }),
      ]);
      assert.deepEqual(
        replies.map(({ status }) => status).toSorted((left, right) => left - right),
        [204, 422],
        `${many} tokens`,
      );
    }
  });

  it('refuses tokens that expired, were made up, are for something else, or came before the password', async () => {
    const { accessToken, user } = await registerSomebody(server);
    const token = await forget(user.email);
    const [id = '', tag = ''] = token.split('.');
    const verification = tokenIn((await mailsTo(user.email, 'auth.email-verify')).at(0));
    const before = await hashesDone();
    for (const bad of [`${id}.${'A'.repeat(tag.length)}`, id, `${token}x`, verification, 'x']) {
      const reply = await post('password/reset', { token: bad, newPassword: other });
      assert.equal(problemOf(reply).code, 'auth.token-refused', bad);
    }
    assert.equal(await hashesDone(), before, 'a made-up token costs a hash');
    await tokens().updateOne({ _id: id }, { $set: { expiresAt: new Date(Date.now() - 1) } });
    assert.equal((await post('password/reset', { token, newPassword: other })).status, 422);
    const fresh = await forget(user.email, 2);
    const body = { currentPassword: password, newPassword: other };
    assert.equal((await post('password/change', body, accessToken)).status, 204);
    assert.equal((await post('password/reset', { token: fresh, newPassword: password })).status, 422);
  });

  it('does and says the same whether or not there is an account', async () => {
    const { user } = await registerSomebody(server);
    const seen = await Promise.all(
      [user.email, 'nobody.at.all@example.test'].map(async (email) => {
        const hashes = await hashesDone();
        const reply = await post('password/forgot', { email });
        const requestId = reply.headers.get('x-request-id') ?? '';
        const rows = await Work.native()
          .find({ requestId, kind: /^auth\./u })
          .toArray();
        const made = rows.map(({ kind }) => kind).toSorted();
        return { status: reply.status, body: reply.body, made, hashes: (await hashesDone()) - hashes };
      }),
    );
    assert.deepEqual(seen[0], seen[1]);
    assert.deepEqual(seen[0]?.made, ['auth.password.ask-reset', 'auth.password.send-reset']);
    await mailsTo(user.email, 'auth.password-reset');
    await eventually(async () => assert.equal(await Work.native().countDocuments({ state: 'new' }), 0));
    assert.equal(await Mails.native().countDocuments({ to: 'nobody.at.all@example.test' }), 0);
  });

  it('mails one address only so often, and says so to nobody', async () => {
    const { user } = await registerSomebody(server);
    for (let time = 0; time < linkMails.most + 3; time += 1) {
      assert.equal((await post('password/forgot', { email: user.email })).status, 202);
    }
    await eventually(async () => assert.equal(await Work.native().countDocuments({ state: 'new' }), 0));
    await mailsTo(user.email, 'auth.password-reset', linkMails.most);
  });

  it('keeps no token and no password in any row but the mail that is read', async () => {
    const { user } = await registerSomebody(server);
    const token = await forget(user.email);
    const secret = token.split('.')[1] ?? '?';
    await post('password/reset', { token, newPassword: other });
    for (const name of ['work', 'events', 'one_time_tokens', 'security_events', 'users']) {
      const rows = JSON.stringify(await mongoose.connection.collection(name).find({}).toArray());
      assert.ok(!rows.includes(secret) && !rows.includes(other), name);
    }
  });

  it('hashes anew at login what was hashed at other costs', async () => {
    const { user } = await registerSomebody(server);
    const weaker = await hash(password, { memoryCost: 8_192, timeCost: 1, parallelism: 1 });
    await users().updateOne({ _id: user.id }, { $set: { passwordHash: weaker } });
    await logIn(server, user.email);
    const renewed = (await users().findOne({ _id: user.id }))?.passwordHash ?? '';
    assert.match(renewed, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/u);
    const before = await hashesDone();
    await logIn(server, user.email);
    assert.equal((await hashesDone()) - before, 1);
    assert.equal((await users().findOne({ _id: user.id }))?.passwordHash, renewed);
  });

  it('ends sessions that began while the password was being reset', async () => {
    const { user } = await registerSomebody(server);
    const token = await forget(user.email);
    const [reply] = await Promise.all([
      post('password/reset', { token, newPassword: other }),
      openBrowserSession({ userId: user.id, userAgent: '', ip: '203.0.113.9' }),
    ]);
    assert.equal(reply.status, 204);
    const living = { userId: user.id, revokedAt: { $exists: false } };
    assert.equal(await mongoose.connection.collection('sessions').countDocuments(living), 0);
  });
});
