// Invitations to register, over HTTP: who may make them, for whom they are good, and how often.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import mongoose from 'mongoose';
import type { Owner } from '#src/platform/commands/owner.ts';
import { authService } from '#src/services/auth/index.ts';
import { userService } from '#src/services/user/index.ts';
import { effectsWorker } from '#workers/effects.worker.ts';
import { Roles } from '#src/platform/auth/permissions.ts';
import { asLoggedIn, logIn, logInAdmin, mailsTo, password, registerSomebody, tokenIn } from '../../support/accounts.ts';
import type { LoggedIn } from '../../support/accounts.ts';
import { problemOf, startServer, type Reply, type TestServer } from '../../support/http.ts';

let count = 0;
const address = (): string => `guest.${(count += 1)}.${Date.now()}@example.test`;

describe('invitations over HTTP', function () {
  this.timeout(20_000);
  let server: TestServer;
  let worker: Owner;
  let admin: LoggedIn;
  before(async () => {
    server = await startServer([userService, authService]);
    await Roles.native().insertOne({ _id: 'host', permissions: ['user.invite'], rev: 0 });
    worker = effectsWorker(server.registry);
    worker.start();
    admin = await logInAdmin(server);
  });
  after(async () => {
    await worker.stop();
    await server.close();
  });

  const invite = async (body: unknown, token = admin.accessToken): Promise<Reply> =>
    await server.call('POST', '/api/auth/invitations', { body, token });
  const invited = async (body: { email: string; roles?: string[] }): Promise<{ id: string; token: string }> => {
    const reply = await invite(body);
    assert.equal(reply.status, 201, reply.text);
    const { id } = reply.body as { id: string };
    return { id, token: tokenIn((await mailsTo(body.email, 'auth.invitation')).at(0)) };
  };
  const register = async (email: string, inviteToken: string): Promise<Reply> =>
    await server.call('POST', '/api/auth/register', { body: { email, name: 'Guest', password, inviteToken } });

  it('make an account with their roles and a proven address, once', async () => {
    const email = address();
    const { token } = await invited({ email, roles: ['user', 'moderator'] });
    const reply = await register(email, token);
    assert.equal(reply.status, 201);
    const { user, accessToken } = asLoggedIn(reply.body);
    assert.deepEqual(user.roles, ['user', 'moderator']);
    const me = (await server.call('GET', '/api/auth/me', { token: accessToken })).body as { emailVerifiedAt: string };
    assert.ok(me.emailVerifiedAt);
    assert.equal(problemOf(await register(email, token)).code, 'auth.invitation-refused');
    assert.equal(problemOf(await invite({ email })).code, 'auth.email-taken');
  });

  it('are void where their inviter may not give as much any more', async () => {
    const users = mongoose.connection.collection<{ _id: string }>('users');
    const host = await registerSomebody(server, 'Host');
    const set = async (change: object): Promise<void> => {
      await users.updateOne({ _id: host.user.id }, change);
    };
    await set({ $set: { roles: ['host', 'moderator'] } });
    const { accessToken } = await logIn(server, host.user.email);
    const email = address();
    assert.equal((await invite({ email, roles: ['user', 'moderator'] }, accessToken)).status, 201);
    const token = tokenIn((await mailsTo(email, 'auth.invitation')).at(0));
    for (const lost of [
      { $set: { roles: ['moderator'] } },
      { $set: { roles: ['host'] } },
      { $set: { roles: ['host', 'moderator'], status: 'suspended' } },
    ]) {
      await set(lost);
      assert.equal(problemOf(await register(email, token)).code, 'auth.invitation-refused', JSON.stringify(lost));
    }
    await set({ $unset: { status: 1 } });
    assert.equal((await register(email, token)).status, 201);
  });

  it('are good for their address only, and let one of many at once win', async () => {
    const email = address();
    const { token, id } = await invited({ email });
    assert.equal(problemOf(await register(address(), token)).code, 'auth.invitation-refused');
    assert.equal(problemOf(await register(email, `${id}.${'A'.repeat(43)}`)).code, 'auth.invitation-refused');
    const replies = await Promise.all(Array.from({ length: 4 }, async () => await register(email, token)));
    assert.equal(replies.filter(({ status }) => status === 201).length, 1);
  });

  it('are listed and taken back', async () => {
    const email = address();
    const { token, id } = await invited({ email });
    const path = `/api/auth/invitations/${id}`;
    assert.equal((await server.call('DELETE', path, { token: admin.accessToken })).status, 204);
    assert.equal(problemOf(await register(email, token)).code, 'auth.invitation-refused');
    const again = await server.call('DELETE', path, { token: admin.accessToken });
    assert.equal(problemOf(again).code, 'auth.invitation-unknown');
    const list = await server.call('GET', '/api/auth/invitations?limit=1', { token: admin.accessToken });
    const { data, page } = list.body as { data: { id: string; state: string }[]; page: { nextCursor: string } };
    assert.deepEqual([data[0]?.id, data[0]?.state], [id, 'revoked']);
    const next = await server.call('GET', `/api/auth/invitations?cursor=${page.nextCursor}`, {
      token: admin.accessToken,
    });
    assert.ok((next.body as { data: { id: string }[] }).data.every((each) => each.id < id));
  });

  it('need the permission, and give no roles above those of whoever invites', async () => {
    const { accessToken } = await registerSomebody(server);
    const other = await invite({ email: address() }, accessToken);
    assert.equal(problemOf(other).code, 'auth.forbidden');
    for (const method of ['GET', 'DELETE']) {
      const path = `/api/auth/invitations${method === 'GET' ? '' : '/x'}`;
      assert.equal((await server.call(method, path, { token: accessToken })).status, 403);
    }
    const email = address();
    const body = { email, name: 'Host', password, roles: ['user', 'host'] };
    assert.equal((await server.call('POST', '/api/users/create', { token: admin.accessToken, body })).status, 201);
    const host = await logIn(server, email);
    for (const roles of [['admin'], ['user', 'moderator']]) {
      assert.equal(
        problemOf(await invite({ email: address(), roles }, host.accessToken)).code,
        'user.role-above-yours',
      );
    }
    assert.equal(problemOf(await invite({ email: address(), roles: ['nothing'] }, host.accessToken)).status, 422);
    assert.equal((await invite({ email: address() }, host.accessToken)).status, 201);
  });
});
