// API keys over HTTP: what they open, what they never open, and that a revoked one is refused at once everywhere.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import mongoose from 'mongoose';
import { createSubmit } from '#src/platform/commands/submit.ts';
import { verifyAccessToken } from '#src/platform/http/authenticate.ts';
import { logInAdmin, registerSomebody } from '../../support/accounts.ts';
import { eventually } from '../../support/eventually.ts';
import { ageProof, identity, securityKindsOf } from '../../support/factors.ts';
import { listen, problemOf, send, startServer, type Reply, type TestServer } from '../../support/http.ts';

interface Made {
  readonly id: string;
  readonly key: string;
}

describe('API keys', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer(identity);
  });
  after(async () => await server.close());

  const make = async (token: string, scopes: string[], more: object = {}): Promise<Reply> =>
    await server.call('POST', '/api/auth/api-keys', { token, body: { name: 'Robot', scopes, ...more } });
  const made = async (token: string, scopes: string[]): Promise<Made> => (await make(token, scopes)).body as Made;
  const createUser = async (token: string, name: string): Promise<Reply> =>
    await server.call('POST', '/api/users/create', { token, body: { email: `${name}@example.test`, name } });
  const list = async (token: string): Promise<Record<string, unknown>[]> =>
    ((await server.call('GET', '/api/auth/api-keys', { token })).body as { data: Record<string, unknown>[] }).data;

  it('carry the permissions they were given, are shown once, kept as digests, and seen in use', async () => {
    const { accessToken: token, user } = await logInAdmin(server);
    const { id, key } = await made(token, ['user.create', 'user.create']);
    assert.match(key, /^ssk_[0-9a-f]{32}_[A-Za-z0-9_-]{43}$/u);
    assert.equal((await createUser(key, 'by-key')).status, 201);
    await eventually(async () => assert.ok((await list(token))[0]?.['lastUsedAt']));
    const [row] = await list(token);
    assert.deepEqual(
      [row?.['id'], row?.['scopes'], row?.['key'], row?.['hash']],
      [id, ['user.create'], undefined, undefined],
    );
    for (const name of ['api_keys', 'work', 'security_events']) {
      const rows = JSON.stringify(await mongoose.connection.collection(name).find({}).toArray());
      assert.equal(rows.includes(key.slice(-43)), false, name);
    }
    assert.ok((await securityKindsOf(user.id)).includes('api-key.made'));
  });

  it('open nothing their scopes do not name, though their owner may', async () => {
    const { accessToken: token, user } = await logInAdmin(server);
    const reader = await made(token, ['user.read.any']);
    assert.equal(problemOf(await createUser(reader.key, 'no')).code, 'auth.forbidden');
    assert.equal((await server.call('GET', `/api/users/${user.id}`, { token: reader.key })).status, 403);
    const self = await made(token, ['self.read']);
    assert.equal((await server.call('GET', `/api/users/${user.id}`, { token: self.key })).status, 200);
    assert.equal((await createUser(self.key, 'no')).status, 403);
  });

  it('are not given more than their owner has, nor go on having it', async () => {
    const { accessToken: token } = await registerSomebody(server);
    assert.equal(problemOf(await make(token, ['user.create'])).code, 'auth.scope-beyond');
    assert.equal((await make(token, ['everything'])).status, 422);
    const admin = await registerSomebody(server);
    const users = mongoose.connection.collection<{ _id: string }>('users');
    await users.updateOne({ _id: admin.user.id }, { $set: { roles: ['user', 'admin'] } });
    const again = await server.call('POST', '/api/auth/login', {
      body: { email: admin.user.email, password: 'correct horse battery' },
    });
    const { key } = await made((again.body as { accessToken: string }).accessToken, ['user.create']);
    assert.equal((await createUser(key, 'while-admin')).status, 201);
    await users.updateOne({ _id: admin.user.id }, { $set: { roles: ['user'] } });
    assert.equal((await createUser(key, 'no-longer')).status, 403);
    await users.deleteOne({ _id: admin.user.id });
    assert.equal((await createUser(key, 'nobody')).status, 401);
  });

  it('manage no logins, keys or sessions, and open no socket', async () => {
    const { accessToken: token } = await logInAdmin(server);
    const { id, key } = await made(token, ['self.read', 'self.write', 'user.create']);
    for (const [method, path] of [
      ['GET', '/api/auth/me'],
      ['GET', '/api/auth/api-keys'],
      ['POST', '/api/auth/logout'],
      ['POST', '/api/auth/mfa/totp/setup'],
      ['DELETE', `/api/auth/api-keys/${id}`],
    ] as const) {
      assert.equal((await server.call(method, path, { token: key })).status, 403, path);
    }
    await assert.rejects(verifyAccessToken(key), /API key does not do here/u);
  });

  it('that are revoked are refused at once, on another node too, and others cannot revoke them', async () => {
    const { accessToken: token, user } = await logInAdmin(server);
    const { id, key } = await made(token, ['self.read']);
    const { registry } = server;
    const node = await listen({
      registry,
      submit: createSubmit(registry),
      health: { redis: async () => await Promise.resolve(true), poolStates: async () => await Promise.resolve({}) },
    });
    const read = async (url: string): Promise<number> => (await send(url, 'GET', '/api/users/', { token: key })).status;
    assert.deepEqual(await Promise.all([read(server.url), read(node.url)]), [200, 200]);
    const path = `/api/auth/api-keys/${id}`;
    const stranger = (await registerSomebody(server)).accessToken;
    assert.equal((await server.call('DELETE', path, { token: stranger })).status, 404);
    assert.equal((await server.call('DELETE', path, { token })).status, 204);
    assert.deepEqual(await Promise.all([read(server.url), read(node.url)]), [401, 401]);
    assert.equal((await server.call('DELETE', path, { token })).status, 404);
    assert.ok((await securityKindsOf(user.id)).includes('api-key.revoked'));
    node.server.closeAllConnections();
    await new Promise((resolve) => node.server.close(resolve));
  });

  it('expire, and are refused with any letter changed', async () => {
    const { accessToken: token } = await logInAdmin(server);
    const { id, key } = (await make(token, ['self.read'], { expiresInDays: 1 })).body as Made;
    const status = async (given: string): Promise<number> =>
      (await server.call('GET', '/api/users/', { token: given })).status;
    assert.equal(await status(key), 200);
    const other = key.endsWith('A') ? 'B' : 'A';
    for (const wrong of [
      key.slice(0, -1) + other,
      key.slice(0, -1),
      `${key}A`,
      key.replace(id, '0'.repeat(32)),
      'ssk_',
    ]) {
      assert.equal(await status(wrong), 401, wrong);
    }
    await mongoose.connection
      .collection<{ _id: string }>('api_keys')
      .updateOne({ _id: id }, { $set: { expiresAt: new Date(Date.now() - 1) } });
    assert.equal(await status(key), 401);
  });

  it('are made after a step-up only', async () => {
    const { accessToken: token } = await registerSomebody(server);
    await ageProof(token);
    assert.equal(problemOf(await make(token, ['self.read'])).code, 'auth.step-up-required');
  });
});
