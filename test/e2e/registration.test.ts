// Who may make an account where registration is not open: by password and by the login of another provider, in processes
// that were started so.
import assert from 'node:assert/strict';
import { eventually } from '../support/eventually.ts';
import { call, startFleet, type Fleet, type FleetReply } from '../support/fleet.ts';
import { startProvider, type ForeignProvider, type Person } from '../support/oidc.ts';
import { showLogs, startSystem, type System } from '../support/system.ts';

const masterKey = 'a key that both fleets derive their secrets from';

describe('registration that is not open', function () {
  this.timeout(60_000);
  let foreign: ForeignProvider;
  let inviting: System;
  let closed: Fleet;
  before(async () => {
    foreign = await startProvider();
    const env = { MASTER_KEY: masterKey, OIDC_PROVIDERS: JSON.stringify([foreign.provider]) };
    const one = { apis: 1, workers: 0, keyPrefix: 'registration' };
    inviting = await startSystem({ ...one, workers: 1, people: 0, env: { ...env, REGISTRATION: 'invite' } });
    const servers = inviting.servers;
    closed = await startFleet({ ...one, servers, env: { ...env, REGISTRATION: 'closed' } });
  });
  after(async () => {
    await closed?.stop();
    await inviting?.stop();
    await foreign?.close();
  });
  afterEach(function () {
    showLogs(this, inviting);
  });

  const closedUrl = (): string => closed.apis[0]?.url ?? assert.fail();
  const come = async (url: string, person: Person, more: object = {}): Promise<FleetReply> => {
    const base = '/api/auth/oidc/local';
    const started = (await call(url, 'GET', `${base}/start`)).body as { authorizationUrl: string; flow: string };
    const body = { flow: started.flow, ...(await foreign.visit(started.authorizationUrl, person)), ...more };
    return await call(url, 'POST', `${base}/finish`, { body });
  };
  const register = async (url: string, email: string, more: object = {}): Promise<FleetReply> =>
    await call(url, 'POST', '/api/auth/register', {
      body: { email, password: 'correct horse battery', name: 'Guest', ...more },
    });
  const invite = async (email: string): Promise<string> => {
    const { token } = inviting;
    const made = await call(inviting.url(0), 'POST', '/api/auth/invitations', { token, body: { email } });
    assert.equal(made.status, 201);
    return await eventually(async () => {
      const mail = await inviting.db.collection('mails').findOne({ to: email, template: 'auth.invitation' });
      return /#token=(\S+)/u.exec(String(mail?.['text']))?.[1] ?? assert.fail('no invitation came');
    });
  };
  const outcome = ({ status, body }: FleetReply) => [status, (body as { code?: string }).code];
  const person = (sub: string): Person => ({ sub, email: `${sub}@example.test`, email_verified: true, name: 'Guest' });

  it('by invitation lets in who was invited, whichever way they come', async () => {
    const url = inviting.url(0);
    for (const reply of [await register(url, 'stranger@example.test'), await come(url, person('stranger'))]) {
      assert.deepEqual(outcome(reply), [403, 'auth.invitation-needed']);
    }
    const inviteToken = await invite('guest@example.test');
    assert.deepEqual(outcome(await come(url, person('other'), { inviteToken })), [403, 'auth.invitation-refused']);
    assert.deepEqual(outcome(await come(url, person('guest'), { inviteToken })), [200, undefined]);
    assert.deepEqual(
      outcome(await come(url, person('guest'))),
      [200, undefined],
      'an account that is there needs none',
    );
    const byPassword = await register(url, 'second@example.test', { inviteToken: await invite('second@example.test') });
    assert.equal(byPassword.status, 201);
  });

  it('closed lets nobody in who has no account, invited or not, and everybody else as before', async () => {
    const inviteToken = await invite('late@example.test');
    for (const more of [{}, { inviteToken }]) {
      assert.deepEqual(outcome(await register(closedUrl(), 'late@example.test', more)), [
        403,
        'auth.registration-closed',
      ]);
      assert.deepEqual(outcome(await come(closedUrl(), person('late'), more)), [403, 'auth.registration-closed']);
    }
    assert.deepEqual(outcome(await come(closedUrl(), person('guest'))), [200, undefined]);
  });
});
