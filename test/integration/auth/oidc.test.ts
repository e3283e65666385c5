// Logins of another provider, over HTTP, against a provider that others wrote (npm oidc-provider).
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import mongoose from 'mongoose';
import { mac } from '#src/platform/secrets.ts';
import { setProviders } from '#src/services/auth/index.ts';
import { asLoggedIn, logInAdmin, registerSomebody } from '../../support/accounts.ts';
import { ageProof, identity, registerWithApp, securityKindsOf } from '../../support/factors.ts';
import { problemOf, startServer, type Reply, type TestServer } from '../../support/http.ts';
import { startProvider, type ForeignProvider, type Person } from '../../support/oidc.ts';

interface Started {
  readonly authorizationUrl: string;
  readonly flow: string;
}

describe('logins of other providers', () => {
  let server: TestServer;
  let foreign: ForeignProvider;
  before(async () => {
    server = await startServer(identity);
    foreign = await startProvider();
    setProviders([foreign.provider]);
  });
  after(async () => {
    setProviders([]);
    await foreign.close();
    await server.close();
  });

  const base = '/api/auth/oidc/local';
  const start = async (): Promise<Started> => (await server.call('GET', `${base}/start`)).body as Started;
  const finish = async (body: object): Promise<Reply> => await server.call('POST', `${base}/finish`, { body });
  const logIn = async (person: Person): Promise<Reply> => {
    const { authorizationUrl, flow } = await start();
    return await finish({ flow, ...(await foreign.visit(authorizationUrl, person)) });
  };
  const link = async (token: string, person: Person, as = token): Promise<Reply> => {
    const { authorizationUrl, flow } = (await server.call('POST', `${base}/link`, { token })).body as Started;
    const body = { flow, ...(await foreign.visit(authorizationUrl, person)) };
    return await server.call('POST', `${base}/link/finish`, { token: as, body });
  };
  const verify = async (userId: string): Promise<void> => {
    const users = mongoose.connection.collection<{ _id: string }>('users');
    await users.updateOne({ _id: userId }, { $set: { emailVerifiedAt: new Date() } });
  };
  let count = 0;
  const someone = (more: Partial<Person> = {}): Person => {
    count += 1;
    const sub = `sub-${count}`;
    return { sub, email: `${sub}@example.test`, email_verified: true, name: 'Foreign', ...more };
  };

  it('are listed, begin with PKCE, state and nonce, and make an account once', async () => {
    const list = await server.call('GET', '/api/auth/oidc');
    assert.deepEqual((list.body as { data: unknown }).data, [{ name: 'local', title: 'local' }]);
    const { searchParams } = new URL((await start()).authorizationUrl);
    assert.equal(searchParams.get('code_challenge_method'), 'S256');
    assert.ok(searchParams.get('state') && searchParams.get('nonce') && searchParams.get('code_challenge'));
    const person = someone();
    const { user } = asLoggedIn((await logIn(person)).body);
    assert.deepEqual([user.email, user.name, user.roles], [person.email, 'Foreign', ['user']]);
    assert.equal(asLoggedIn((await logIn({ ...person, email: 'moved@example.test' })).body).user.id, user.id);
    assert.ok((await securityKindsOf(user.id)).includes('oidc.linked'));
    assert.equal((await server.call('GET', '/api/auth/oidc/nowhere/start')).status, 404);
  });

  it('take over no account: neither by an unproved address of theirs nor by one of ours', async () => {
    const { user } = await registerSomebody(server);
    const unproved = await logIn(someone({ email: user.email, email_verified: false }));
    assert.equal(problemOf(unproved).code, 'auth.oidc-email-unverified');
    assert.equal(problemOf(await logIn(someone({ email: user.email }))).code, 'auth.oidc-not-linked');
    await verify(user.id);
    assert.equal((await logIn(someone({ email: user.email, email_verified: false }))).status, 403);
    const proved = someone({ email: user.email.toUpperCase() });
    assert.equal(asLoggedIn((await logIn(proved)).body).user.id, user.id);
  });

  it('take a state, a code and a flow once, and only of one another', async () => {
    const first = await start();
    const back = await foreign.visit(first.authorizationUrl, someone());
    const other = await start();
    assert.equal(problemOf(await finish({ ...back, flow: other.flow })).code, 'auth.oidc-refused');
    assert.equal((await finish({ ...back, flow: `${first.flow.slice(0, -2)}AA` })).status, 401);
    assert.equal((await finish({ ...back, flow: first.flow, state: 'x'.repeat(43) })).status, 401);
    assert.equal((await finish({ ...back, flow: first.flow })).status, 200);
    assert.equal((await finish({ ...back, flow: first.flow })).status, 401);
    assert.equal((await finish({ ...back, flow: `${first.flow}=` })).status, 401);
    const third = await start();
    const spent = await foreign.visit(third.authorizationUrl, someone());
    assert.equal((await finish({ ...spent, code: back.code, flow: third.flow })).status, 401);
    // The provider would still take its code: it is our own flow that is used up.
    assert.equal((await finish({ ...spent, flow: third.flow })).status, 401);
  });

  it('still ask for the second factor', async () => {
    const { user } = await registerWithApp(server);
    await verify(user.id);
    assert.equal(((await logIn(someone({ email: user.email }))).body as { mfaRequired: boolean }).mfaRequired, true);
  });

  it('are linked to and unlinked from the account of the session that began it, after a step-up', async () => {
    const { accessToken: token, user } = await registerSomebody(server);
    const stranger = await registerSomebody(server);
    const person = someone();
    assert.equal(problemOf(await link(token, person, stranger.accessToken)).code, 'auth.oidc-refused');
    assert.equal((await link(token, person)).status, 204);
    assert.equal(asLoggedIn((await logIn(person)).body).user.id, user.id);
    assert.equal(problemOf(await link(stranger.accessToken, person)).code, 'auth.oidc-taken');
    const links = await server.call('GET', '/api/auth/oidc/links', { token });
    assert.equal((links.body as { data: unknown[] }).data.length, 1);
    await ageProof(token);
    assert.equal((await server.call('POST', `${base}/link`, { token })).status, 401);
    assert.equal((await server.call('DELETE', `${base}/link`, { token })).status, 401);
    const proof = { method: 'password', password: 'correct horse battery' };
    await server.call('POST', '/api/auth/step-up', { token, body: proof });
    assert.equal((await server.call('DELETE', `${base}/link`, { token })).status, 204);
    assert.equal((await server.call('DELETE', `${base}/link`, { token })).status, 404);
    assert.notEqual(asLoggedIn((await logIn(person)).body).user.id, user.id);
  });

  it('of suspended accounts are told so, linked or not, as by a password', async () => {
    const person = someone();
    const { user } = asLoggedIn((await logIn(person)).body);
    const users = mongoose.connection.collection<{ _id: string }>('users');
    await users.updateOne({ _id: user.id }, { $set: { status: 'suspended' } });
    for (const who of [person, someone({ email: user.email })]) {
      const reply = await logIn(who);
      assert.deepEqual([reply.status, problemOf(reply).code], [403, 'auth.account-suspended']);
    }
    const { user: unproved } = await registerSomebody(server);
    await users.updateOne({ _id: unproved.id }, { $set: { status: 'suspended' } });
    const told = await logIn(someone({ email: unproved.email }));
    assert.equal(problemOf(told).code, 'auth.oidc-not-linked', 'nobody proved that address to us');
  });

  it('take an invitation, once, for its address and with its roles', async () => {
    const admin = await logInAdmin(server);
    const invited = async (email: string): Promise<string> => {
      const body = { email, roles: ['user', 'moderator'] };
      const made = await server.call('POST', '/api/auth/invitations', { token: admin.accessToken, body });
      const { id } = made.body as { id: string };
      // What the mail would hold.
      return `${id}.${mac('one-time-token', `invitation.${id}`)}`;
    };
    const come = async (person: Person, inviteToken: string): Promise<Reply> => {
      const { authorizationUrl, flow } = await start();
      return await finish({ flow, ...(await foreign.visit(authorizationUrl, person)), inviteToken });
    };
    const guest = someone({ email: 'Invited.Guest@example.test' });
    const inviteToken = await invited('invited.guest@example.test');
    assert.equal(problemOf(await come(someone(), inviteToken)).code, 'auth.invitation-refused');
    assert.deepEqual(asLoggedIn((await come(guest, inviteToken)).body).user.roles, ['user', 'moderator']);
    const list = await server.call('GET', '/api/auth/invitations', { token: admin.accessToken });
    assert.equal((list.body as { data: { state: string }[] }).data[0]?.state, 'accepted');
  });

  it('answer 503 where the provider is away', async () => {
    setProviders([{ ...foreign.provider, issuer: 'http://127.0.0.1:1' }]);
    const reply = await server.call('GET', `${base}/start`);
    setProviders([foreign.provider]);
    assert.equal(problemOf(reply).code, 'server.unavailable');
  });
});
