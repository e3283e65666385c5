// Passkeys against an authenticator that others wrote (PyPI soft-webauthn).
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { asLoggedIn, registerSomebody } from '../../support/accounts.ts';
import { identity, siteOrigin } from '../../support/factors.ts';
import { problemOf, startServer, type Reply, type TestServer } from '../../support/http.ts';
import { startForeignAuthenticator, type ForeignAuthenticator } from '../../support/soft-webauthn.ts';

describe('passkeys of a foreign authenticator', () => {
  let server: TestServer;
  let device: ForeignAuthenticator | undefined;
  before(async function () {
    // The first time it is fetched.
    this.timeout(200_000);
    const started = await startForeignAuthenticator();
    if (typeof started === 'string') {
      process.stdout.write(`${started}\n`);
      this.skip();
    }
    device = started;
    server = await startServer(identity);
  });
  after(async () => {
    device?.stop();
    await (device && server.close());
  });

  it('register, log in, and are refused with a wrong challenge, a replay and another origin', async () => {
    assert.ok(device);
    const origin = siteOrigin;
    const { accessToken: token, user } = await registerSomebody(server);
    const post = async (path: string, body?: unknown, as?: string): Promise<Reply> =>
      await server.call('POST', `/api/auth/passkeys${path}`, { body, ...(as ? { token: as } : {}) });
    const challenge = async (): Promise<object> => (await post('/login/options')).body as object;
    const options = (await post('/options', undefined, token)).body as object;
    const added = await post('', { name: 'Soft', response: await device.create(options, origin) }, token);
    assert.equal(added.status, 201);
    const response = await device.get(await challenge(), origin);
    assert.equal(asLoggedIn((await post('/login', { response })).body).user.id, user.id);
    const refused = [
      response,
      await device.get({ ...(await challenge()), challenge: 'A'.repeat(43) }, origin),
      await device.get(await challenge(), 'https://evil.test'),
    ];
    for (const each of refused) {
      assert.equal(problemOf(await post('/login', { response: each })).code, 'auth.passkey-refused');
    }
    assert.equal((await post('/login', { response: await device.get(await challenge(), origin) })).status, 200);
  });
});
