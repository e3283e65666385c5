// Authenticator apps, backup codes and step-up, over HTTP, with the abuse each is exposed to.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import mongoose from 'mongoose';
import { factorRules } from '#config/auth.ts';
import { Work } from '#src/platform/commands/work.ts';
import { AppError } from '#src/platform/errors.ts';
import { boardLogin } from '#src/services/auth/index.ts';
import { asLoggedIn, password, registerSomebody } from '../../support/accounts.ts';
import { ageProof, codeOf, identity, registerWithApp, securityKindsOf, type WithApp } from '../../support/factors.ts';
import { problemOf, startServer, type Reply, type TestServer } from '../../support/http.ts';

describe('second factors', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer(identity);
  });
  after(async () => await server.close());

  const post = async (path: string, body?: unknown, token?: string): Promise<Reply> =>
    await server.call('POST', `/api/auth/${path}`, { body, ...(token ? { token } : {}) });
  const ticketFor = async ({ user }: WithApp): Promise<string> => {
    const reply = await post('login', { email: user.email, password });
    const { mfaToken, ...rest } = reply.body as Record<string, unknown>;
    assert.deepEqual(rest, { mfaRequired: true, methods: ['totp', 'backup-code'] });
    return String(mfaToken);
  };
  const complete = async (mfaToken: string, code: string, method = 'totp'): Promise<Reply> =>
    await post('login/mfa', { mfaToken, method, code });

  it('ask for a code from the next login on, and take it', async () => {
    const person = await registerWithApp(server);
    assert.equal(person.backupCodes.length, 10);
    const answer = await complete(await ticketFor(person), codeOf(person.secret));
    assert.equal(asLoggedIn(answer.body).user.id, person.user.id);
    const view = await server.call('GET', '/api/auth/mfa', { token: person.accessToken });
    assert.deepEqual({ ...(view.body as object), totpSince: '' }, { totp: true, totpSince: '', backupCodesLeft: 10 });
    assert.deepEqual(
      await securityKindsOf(person.user.id).then((kinds) => kinds.filter((kind) => kind.startsWith('totp'))),
      ['totp.added'],
    );
    const mails = await Work.native()
      .find({ kind: 'mail.message.send', 'input.to': person.user.email, 'input.template': 'auth.security-notice' })
      .toArray();
    assert.equal(mails.length, 1);
  });

  it('are asked for by the login of the admin pages, too', async () => {
    const person = await registerWithApp(server);
    const board = boardLogin(server.submit);
    const peer = { ip: '192.0.2.1', userAgent: 'test' };
    const enter = async (code: string): Promise<string> =>
      await board(person.user.email, password, { ...peer, code }).then(
        (account) => account?.id ?? 'nobody',
        (error: unknown) => (error instanceof AppError ? error.problem.code : String(error)),
      );
    assert.equal(await enter(''), 'auth.code-needed');
    assert.equal(await enter('000000'), 'auth.code-needed');
    assert.equal(await enter(codeOf(person.secret)), person.user.id);
    assert.equal(await enter(codeOf(person.secret)), 'auth.code-needed', 'a code is good once');
    assert.equal(await enter(person.backupCodes[0] ?? ''), person.user.id);
  });

  it('are not on before a code confirmed them, and wrong codes confirm nothing', async () => {
    const { accessToken: token, user } = await registerSomebody(server);
    const { secret } = (await post('mfa/totp/setup', undefined, token)).body as { secret: string };
    const wrong = await post('mfa/totp/confirm', { code: codeOf(secret, 50) }, token);
    assert.equal(problemOf(wrong).code, 'auth.wrong-code');
    asLoggedIn((await post('login', { email: user.email, password })).body);
    assert.equal((await post('mfa/totp/confirm', { code: codeOf(secret) }, token)).status, 200);
    assert.equal(problemOf(await post('mfa/totp/setup', undefined, token)).code, 'auth.totp-is-on');
    assert.equal(problemOf(await post('mfa/totp/confirm', { code: codeOf(secret, 1) }, token)).code, 'auth.totp-is-on');
  });

  it('take a code once, also of many at once, and a backup code too', async () => {
    const person = await registerWithApp(server);
    const code = codeOf(person.secret);
    const tickets = await Promise.all(Array.from({ length: 4 }, async () => await ticketFor(person)));
    const replies = await Promise.all(tickets.map(async (ticket) => await complete(ticket, code)));
    assert.equal(replies.filter(({ status }) => status === 200).length, 1);
    assert.equal((await complete(await ticketFor(person), code)).status, 401);
    assert.equal((await complete(await ticketFor(person), codeOf(person.secret, -1))).status, 401);
    const [backup = ''] = person.backupCodes;
    assert.equal((await complete(await ticketFor(person), backup.toLowerCase(), 'backup-code')).status, 200);
    assert.equal((await complete(await ticketFor(person), backup, 'backup-code')).status, 401);
    assert.ok((await securityKindsOf(person.user.id)).includes('backup-code.used'));
  });

  it('take a ticket once, of its own account, and for nothing else', async () => {
    const person = await registerWithApp(server);
    const other = await registerWithApp(server);
    const ticket = await ticketFor(person);
    const foreign = await complete(ticket, codeOf(other.secret));
    assert.equal(problemOf(foreign).code, 'auth.mfa-refused');
    assert.equal((await server.call('GET', '/api/auth/me', { token: ticket })).status, 401);
    assert.equal((await post('refresh', { refreshToken: ticket })).status, 401);
    assert.equal((await complete(ticket, codeOf(person.secret))).status, 200);
    const [backup = ''] = person.backupCodes;
    assert.equal((await complete(ticket, backup, 'backup-code')).status, 401);
    assert.equal((await complete('x'.repeat(43), codeOf(person.secret, 1))).status, 401);
  });

  it('take few tries with one ticket, and hold the app up but neither backup codes nor the first factor', async () => {
    const person = await registerWithApp(server);
    const bad = (index: number): string => codeOf(person.secret, 100 + index);
    const ticket = await ticketFor(person);
    for (let index = 0; index < factorRules.ticketTries; index += 1) {
      assert.equal((await complete(ticket, bad(index))).status, 401);
    }
    assert.equal((await complete(ticket, codeOf(person.secret))).status, 401);
    const second = await ticketFor(person);
    for (let index = factorRules.ticketTries; index < factorRules.wrongCodes; index += 1) {
      assert.equal((await complete(second, bad(index))).status, 401);
    }
    const third = await ticketFor(person);
    const heldUp = await complete(third, codeOf(person.secret));
    assert.equal(problemOf(heldUp).code, 'auth.too-many-codes');
    assert.match(heldUp.headers.get('retry-after') ?? '', /^[1-9]\d{0,2}$/u);
    assert.equal((await complete(third, person.backupCodes[0] ?? '', 'backup-code')).status, 200);
  });

  it('let go of a ticket when its time is over', async () => {
    const person = await registerWithApp(server);
    const ticket = await ticketFor(person);
    await mongoose.connection.collection('tickets').updateMany({}, { $set: { expiresAt: new Date() } });
    assert.equal((await complete(ticket, codeOf(person.secret))).status, 401);
  });

  it('keep no secret and no code in clear, in no collection', async () => {
    const person = await registerWithApp(server);
    const ticket = await ticketFor(person);
    await complete(ticket, person.backupCodes[0] ?? '', 'backup-code');
    const names = (await mongoose.connection.db?.listCollections().toArray()) ?? [];
    for (const { name } of names) {
      const rows = JSON.stringify(await mongoose.connection.collection(name).find({}).toArray());
      for (const secret of [person.secret, ticket, ...person.backupCodes]) {
        assert.equal(rows.includes(secret), false, name);
      }
    }
  });

  it('are removed, and their backup codes renewed, after a step-up only', async () => {
    const person = await registerWithApp(server);
    const token = person.accessToken;
    await ageProof(token);
    const remove = async (): Promise<Reply> => await server.call('DELETE', '/api/auth/mfa/totp', { token });
    for (const refused of [await remove(), await post('mfa/backup-codes', undefined, token)]) {
      assert.equal(problemOf(refused).code, 'auth.step-up-required');
      assert.equal(
        refused.headers.get('www-authenticate'),
        'Bearer error="insufficient_user_authentication", max_age=600',
      );
    }
    assert.equal(
      problemOf(await post('step-up', { method: 'password', password }, token)).code,
      'auth.password-not-enough',
    );
    const code = codeOf(person.secret);
    assert.equal((await post('step-up', { method: 'totp', code }, token)).status, 200);
    assert.equal((await post('step-up', { method: 'totp', code }, token)).status, 401);
    const { backupCodes } = (await post('mfa/backup-codes', undefined, token)).body as { backupCodes: string[] };
    assert.equal((await complete(await ticketFor(person), person.backupCodes[3] ?? '', 'backup-code')).status, 401);
    assert.equal((await complete(await ticketFor(person), backupCodes[3] ?? '', 'backup-code')).status, 200);
    assert.equal((await remove()).status, 204);
    assert.equal(problemOf(await remove()).code, 'auth.totp-is-off');
    asLoggedIn((await post('login', { email: person.user.email, password })).body);
  });
});

describe('step-up', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer(identity);
  });
  after(async () => await server.close());

  it('takes the password of an account without an app, at once for its own session alone', async () => {
    const { accessToken: token, user } = await registerSomebody(server);
    const setUp = async (as: string): Promise<number> =>
      (await server.call('POST', '/api/auth/mfa/totp/setup', { token: as })).status;
    const stepUp = async (given: string): Promise<Reply> =>
      await server.call('POST', '/api/auth/step-up', { token, body: { method: 'password', password: given } });
    const other = asLoggedIn(
      (await server.call('POST', '/api/auth/login', { body: { email: user.email, password } })).body,
    );
    await Promise.all([ageProof(token), ageProof(other.accessToken)]);
    assert.equal(await setUp(token), 401);
    assert.equal(problemOf(await stepUp('wrong password')).code, 'auth.step-up-refused');
    assert.equal(await setUp(token), 401);
    const before = Date.now();
    const answer = await stepUp(password);
    assert.equal(answer.status, 200);
    const proved = Date.parse((answer.body as { until: string }).until) - 600_000;
    assert.ok(before <= proved && proved <= Date.now());
    assert.equal(await setUp(token), 200);
    assert.equal(await setUp(other.accessToken), 401);
    await ageProof(token);
    for (let index = 0; index < 5; index += 1) {
      await stepUp('wrong password');
    }
    const heldUp = await stepUp(password);
    assert.equal(problemOf(heldUp).code, 'auth.too-many-codes');
    assert.match(heldUp.headers.get('retry-after') ?? '', /^[1-9]\d{0,2}$/u);
    asLoggedIn((await server.call('POST', '/api/auth/login', { body: { email: user.email, password } })).body);
  });
});
