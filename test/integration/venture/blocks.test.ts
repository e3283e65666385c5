// Invitations to ventures where a block stands, or where the account is hidden: nobody is found.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { authService } from '#src/services/auth/index.ts';
import { userService } from '#src/services/user/index.ts';
import { ventureService } from '#src/services/venture/index.ts';
import { logInAdmin, registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { problemOf, startServer, type Reply, type TestServer } from '../../support/http.ts';

describe('an invitation past a block', () => {
  let server: TestServer;
  let admin: LoggedIn;

  before(async () => {
    server = await startServer([userService, authService, ventureService]);
    admin = await logInAdmin(server);
  });
  after(async () => await server.close());

  const call = async (who: LoggedIn, method: string, path: string, body?: object): Promise<Reply> =>
    await server.call(method, path, { token: who.accessToken, ...(body ? { body } : {}) });
  const act = async (who: LoggedIn, method: string, whom: LoggedIn, what: string, body?: object): Promise<void> => {
    const { status, text } = await call(who, method, `/api/users/${whom.user.id}/${what}`, body);
    assert.ok(status < 300, `${what}: ${status} ${text}`);
  };

  it('finds nobody, whoever placed it, nor an account that is hidden', async () => {
    const [host, guest] = [await registerSomebody(server, 'Host'), await registerSomebody(server, 'Guest')];
    const venture = await call(host, 'POST', '/api/ventures/create', { name: 'Of the host' });
    const { id } = venture.body as { id: string };
    const invite = async (userId: string, by = host): Promise<Reply> =>
      await call(by, 'POST', `/api/ventures/${id}/invitations`, { userId, role: 'member' });
    const { code, detail } = problemOf(await invite('nobody-at-all'));
    const isNobody = async (): Promise<void> => {
      const problem = problemOf(await invite(guest.user.id));
      assert.deepEqual([problem.code, problem.detail], [code, detail]);
    };
    for (const [who, whom] of [
      [guest, host],
      [host, guest],
    ] as const) {
      await act(who, 'POST', whom, 'block');
      await isNobody();
      await act(who, 'DELETE', whom, 'block');
    }
    await act(guest, 'POST', admin, 'block');
    assert.equal(problemOf(await invite(guest.user.id, admin)).code, code, 'an admin is blocked too');
    await act(admin, 'POST', guest, 'suspend', { reason: 'Spam' });
    await isNobody();
    await act(admin, 'POST', guest, 'activate', { reason: 'A mistake' });
    assert.equal((await invite(guest.user.id)).status, 201);
  });
});
