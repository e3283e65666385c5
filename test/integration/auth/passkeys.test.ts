// Passkeys over HTTP, with an authenticator of our own that also lies.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import mongoose from 'mongoose';
import { asLoggedIn, registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { Authenticator, type Lies, type Options } from '../../support/authenticator.ts';
import { ageProof, codeOf, identity, registerWithApp, securityKindsOf, siteOrigin } from '../../support/factors.ts';
import { problemOf, startServer, type Reply, type TestServer } from '../../support/http.ts';

describe('passkeys', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer(identity);
  });
  after(async () => await server.close());

  const origin = siteOrigin;
  const post = async (path: string, body?: unknown, token?: string): Promise<Reply> =>
    await server.call('POST', `/api/auth/${path}`, { body, ...(token ? { token } : {}) });
  const optionsFor = async (path: string, token?: string): Promise<Options> =>
    (await post(path, undefined, token)).body as Options;
  const add = async (
    { accessToken: token }: LoggedIn,
    device = new Authenticator(origin),
    lies: Lies = {},
  ): Promise<{ device: Authenticator; reply: Reply }> => {
    const response = device.create(await optionsFor('passkeys/options', token), lies);
    return { device, reply: await post('passkeys', { name: 'Key', response }, token) };
  };
  const logIn = async (device: Authenticator, lies: Lies = {}): Promise<Reply> =>
    await post('passkeys/login', { response: device.get(await optionsFor('passkeys/login/options'), lies) });

  it('are added, log in without a name, are listed, renamed and removed', async () => {
    const person = await registerSomebody(server);
    const token = person.accessToken;
    const { device, reply } = await add(person);
    assert.equal(reply.status, 201);
    assert.equal(asLoggedIn((await logIn(device)).body).user.id, person.user.id);
    const list = async (): Promise<{ id: string; name: string; lastUsedAt: string | null }[]> =>
      ((await server.call('GET', '/api/auth/passkeys', { token })).body as { data: never[] }).data;
    const [listed] = await list();
    assert.ok(listed?.lastUsedAt);
    const { id } = listed;
    const path = `/api/auth/passkeys/${id}`;
    assert.equal((await server.call('PATCH', path, { token, body: { name: 'Phone' } })).status, 200);
    assert.deepEqual(
      (await list()).map(({ name }) => name),
      ['Phone'],
    );
    const stranger = (await registerSomebody(server)).accessToken;
    assert.equal((await server.call('PATCH', path, { token: stranger, body: { name: 'Mine' } })).status, 404);
    assert.equal((await server.call('DELETE', path, { token: stranger })).status, 404);
    await ageProof(token);
    assert.equal(problemOf(await server.call('DELETE', path, { token })).code, 'auth.step-up-required');
    const step = device.get(await optionsFor('step-up/options', token));
    assert.equal((await post('step-up', { method: 'passkey', response: step }, token)).status, 200);
    assert.equal((await server.call('DELETE', path, { token })).status, 204);
    assert.deepEqual(await list(), []);
    assert.equal(problemOf(await logIn(device)).code, 'auth.passkey-refused');
    const kinds = (await securityKindsOf(person.user.id)).filter((kind) => kind.startsWith('passkey'));
    assert.deepEqual(kinds, ['passkey.added', 'passkey.removed']);
  });

  it('take a challenge once, of its own purpose and session, and within its time', async () => {
    const person = await registerSomebody(server);
    const token = person.accessToken;
    const { device } = await add(person);
    const options = await optionsFor('passkeys/login/options');
    assert.equal((await post('passkeys/login', { response: device.get(options) })).status, 200);
    assert.equal((await post('passkeys/login', { response: device.get(options) })).status, 401);
    const many = await optionsFor('passkeys/login/options');
    const answers = Array.from({ length: 4 }, () => device.get(many));
    const replies = await Promise.all(answers.map(async (response) => await post('passkeys/login', { response })));
    assert.ok(replies.filter(({ status }) => status === 200).length <= 1);
    const forStepUp = device.get(await optionsFor('step-up/options', token));
    assert.equal((await post('passkeys/login', { response: forStepUp })).status, 401);
    const other = asLoggedIn((await logIn(device)).body).accessToken;
    const ofOther = device.get(await optionsFor('step-up/options', other));
    assert.equal((await post('step-up', { method: 'passkey', response: ofOther }, token)).status, 401);
    const stranger = await registerSomebody(server);
    const strangers = await optionsFor('passkeys/options', stranger.accessToken);
    const made = new Authenticator(origin).create(strangers);
    assert.equal(problemOf(await post('passkeys', { name: 'x', response: made }, token)).code, 'auth.passkey-not-made');
    const late = await optionsFor('passkeys/login/options');
    await mongoose.connection.collection('tickets').updateMany({}, { $set: { expiresAt: new Date() } });
    assert.equal((await post('passkeys/login', { response: device.get(late) })).status, 401);
  });

  it('are refused with another origin, site, challenge, type, holder or signature', async () => {
    const person = await registerSomebody(server);
    const lies: Lies[] = [
      { origin: 'https://evil.test' },
      { rpId: 'evil.test' },
      { challenge: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' },
      { type: 'webauthn.other' },
    ];
    for (const lie of lies) {
      const { reply } = await add(person, new Authenticator(origin), lie);
      assert.equal(problemOf(reply).code, 'auth.passkey-not-made', JSON.stringify(lie));
    }
    const { device } = await add(person);
    for (const lie of [...lies, { userHandle: 'AAAA' }]) {
      assert.equal(problemOf(await logIn(device, lie)).code, 'auth.passkey-refused', JSON.stringify(lie));
    }
    const answer = device.get(await optionsFor('passkeys/login/options'));
    const forged = new Authenticator(origin).get(await optionsFor('passkeys/login/options'));
    const response = {
      ...(answer['response'] as object),
      signature: (forged['response'] as { signature: string }).signature,
    };
    assert.equal((await post('passkeys/login', { response: { ...answer, response } })).status, 401);
    assert.equal((await logIn(device)).status, 200);
  });

  it('answer the same to a key of nobody, and options that name nobody', async () => {
    const options = (await post('passkeys/login/options')).body as Record<string, unknown>;
    assert.equal(options['allowCredentials'] ?? undefined, undefined);
    const unknown = problemOf(await logIn(new Authenticator(origin)));
    const { device } = await add(await registerSomebody(server));
    const known = problemOf(await logIn(device, { origin: 'https://evil.test' }));
    assert.deepEqual({ ...unknown, requestId: '' }, { ...known, requestId: '' });
  });

  it('that count backwards are refused, and their owner is told', async () => {
    const person = await registerSomebody(server);
    const { device } = await add(person);
    device.counter = 5;
    assert.equal((await logIn(device)).status, 200);
    device.counter = 3;
    assert.equal((await logIn(device)).status, 401);
    assert.ok((await securityKindsOf(person.user.id)).includes('passkey.regressed'));
    device.counter = 6;
    assert.equal((await logIn(device)).status, 200);
  });

  it('cannot be added twice, nor by another account', async () => {
    const person = await registerSomebody(server);
    const { device } = await add(person);
    assert.equal(problemOf((await add(person, device)).reply).code, 'auth.passkey-known');
    assert.equal(problemOf((await add(await registerSomebody(server), device)).reply).code, 'auth.passkey-known');
  });

  it('that check their holder are both factors; others are one of two', async () => {
    const person = await registerWithApp(server);
    const { device } = await add(person);
    asLoggedIn((await logIn(device)).body);
    const simple = (await add(person, new Authenticator(origin, false))).device;
    const { mfaToken } = (await logIn(simple)).body as { mfaToken: string };
    const body = { mfaToken, method: 'totp', code: codeOf(person.secret) };
    asLoggedIn((await post('login/mfa', body)).body);
  });
});
