// Sessions that a commit made void end, although the process that committed died behind it.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import mongoose from 'mongoose';
import type { CommandDefinition } from '#src/platform/commands/command.ts';
import type { Owner } from '#src/platform/commands/owner.ts';
import { newId } from '#src/platform/ids.ts';
import { effectsWorker } from '#workers/effects.worker.ts';
import { logIn, logInAdmin, registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { eventually } from '../../support/eventually.ts';
import { identity, sessionIdOf } from '../../support/factors.ts';
import { startServer, type TestServer } from '../../support/http.ts';

describe('sessions of a commit whose process died', function () {
  this.timeout(20_000);
  let server: TestServer;
  let worker: Owner;
  let admin: LoggedIn;
  before(async () => {
    server = await startServer(identity);
    worker = effectsWorker(server.registry);
    admin = await logInAdmin(server);
  });
  after(async () => {
    await worker.stop();
    await server.close();
  });

  /** The commit alone: nothing of what its route does behind it. */
  const commit = async (actor: string, kind: string, input: object): Promise<void> => {
    const context = { caller: { userId: actor }, requestId: newId(), traceparent: undefined, header: () => undefined };
    const command = server.registry.commands.get(kind) as CommandDefinition;
    assert.equal((await server.submit(context, command, input)).status, 200);
  };
  const statusOf = async ({ accessToken: token }: LoggedIn): Promise<number> =>
    (await server.call('GET', '/api/auth/me', { token })).status;
  const refreshed = async ({ refreshToken }: LoggedIn): Promise<number> =>
    (await server.call('POST', '/api/auth/refresh', { body: { refreshToken } })).status;

  it('end by the row that was committed with it: passwords, deletions and suspensions', async () => {
    const [changer, leaver, spammer] = [
      await registerSomebody(server),
      await registerSomebody(server),
      await registerSomebody(server),
    ];
    const [changed, left] = [await logIn(server, changer.user.email), await logIn(server, leaver.user.email)];
    const all = [changer, changed, leaver, left, spammer];
    const row = await mongoose.connection.collection('users').findOne({ _id: changer.user.id as never });
    const sessionId = sessionIdOf(changer.accessToken);
    const passwords = { userId: changer.user.id, from: String(row?.['passwordHash']), to: 'another', sessionId };
    await commit(changer.user.id, 'auth.password.change', { ...passwords, ip: '', userAgent: '' });
    await commit(leaver.user.id, 'user.deletion.ask', {
      userId: leaver.user.id,
      except: sessionIdOf(leaver.accessToken),
    });
    const suspension = { userId: spammer.user.id, reason: 'Spam', mayAdmins: true };
    await commit(admin.user.id, 'user.account.set-status', { ...suspension, to: 'suspended' });
    await commit(admin.user.id, 'user.account.set-status', { ...suspension, to: 'active' });
    assert.deepEqual(await Promise.all(all.map(statusOf)), [200, 200, 200, 200, 200], 'nobody ended them yet');
    const later = await logIn(server, leaver.user.email);
    worker.start();
    await eventually(async () => assert.deepEqual(await Promise.all(all.map(statusOf)), [200, 401, 200, 401, 401]));
    assert.deepEqual(await Promise.all([changed, left, spammer].map(refreshed)), [401, 401, 401]);
    assert.equal(await statusOf(later), 200, 'what began behind the commit goes on');
  });
});
