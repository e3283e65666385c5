// A browser's session on the admin pages: it ends like any other, at once, and its secret opens nothing else.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import mongoose from 'mongoose';
import { onSessionEnded } from '#src/platform/auth/session-endings.ts';
import { logIn, password, registerSomebody } from '../../support/accounts.ts';
import { adminEmail, everything, sessionOf, startBoard, type BoardServer } from '../../support/board.ts';

describe('a session of a browser', function () {
  this.timeout(20_000);
  let board: BoardServer;
  before(async () => {
    board = await startBoard();
  });
  after(async () => await board.close());

  interface Row {
    readonly _id: string;
    readonly refreshHash: string;
    readonly lastSeenAt: Date;
    readonly expiresAt: Date;
    readonly revokedAt?: Date;
  }
  const sessions = () => mongoose.connection.collection<Row>('sessions');
  const isOut = async (cookie: string | undefined): Promise<void> => {
    const page = await board.navigate('GET', '/admin/queues', { cookie });
    assert.deepEqual([page.status, page.headers['location']], [303, '/admin/login?next=%2Fadmin%2Fqueues']);
    assert.equal((await board.script('GET', '/admin/queues/api/queues', { cookie })).status, 401);
  };

  it('is told to its owner as any other login is, and its end', async () => {
    const cookie = await board.logIn(adminEmail);
    const kinds = async (): Promise<unknown[]> => {
      const rows = mongoose.connection.collection('security_events').find({ sessionId: sessionOf(cookie) });
      return (await rows.sort({ _id: 1 }).toArray()).map(({ kind }) => kind as unknown);
    };
    assert.deepEqual(await kinds(), ['session.began']);
    await board.navigate('POST', '/admin/logout', { cookie });
    assert.deepEqual(await kinds(), ['session.began', 'session.ended']);
  });

  it('is out after the logout, at once and only here', async () => {
    const [first, second] = [await board.logIn(adminEmail), await board.logIn(adminEmail)];
    const ended: string[] = [];
    const stop = onSessionEnded(({ sessionId }) => ended.push(sessionId));
    const asked = await board.navigate('GET', '/admin/logout', { cookie: first });
    assert.deepEqual([asked.status, asked.cookie, ended], [200, undefined, []], 'a link alone changes nothing');
    const reply = await board.navigate('POST', '/admin/logout', { cookie: first });
    stop();
    assert.deepEqual([reply.status, reply.headers['location']], [303, '/admin/login']);
    assert.match(reply.headers['set-cookie'] ?? '', /^admin=; Path=\/admin; .*Max-Age=0$/u);
    assert.deepEqual(ended, [sessionOf(first)]);
    await isOut(first);
    assert.equal((await board.script('GET', '/admin/queues', { cookie: second })).status, 200);
    const again = await board.navigate('POST', '/admin/login', {
      form: { email: adminEmail, password },
      cookie: second,
    });
    await isOut(second);
    assert.equal((await board.script('GET', '/admin/queues', { cookie: again.cookie })).status, 200);
  });

  it('is out when the session ends, idles out or is too old, and an open board keeps it from idling', async () => {
    const cookie = await board.logIn(adminEmail);
    const row = { _id: sessionOf(cookie) };
    const enters = async (): Promise<number> => (await board.script('GET', '/admin/queues', { cookie })).status;
    const long = new Date(Date.now() - 3_600_000);
    const soon = new Date(Date.now() + 60_000);
    await sessions().updateOne(row, { $set: { lastSeenAt: long, expiresAt: soon } });
    assert.equal(await enters(), 200);
    const used = await sessions().findOne(row);
    assert.ok(used && used.lastSeenAt > long && used.expiresAt > soon);
    await sessions().updateOne(row, { $set: { expiresAt: new Date(Date.now() - 1) } });
    await isOut(cookie);
    await sessions().updateOne(row, { $set: { expiresAt: soon } });
    assert.equal(await enters(), 200);
    await sessions().updateOne(row, { $set: { revokedAt: new Date() } });
    await isOut(cookie);
  });

  it('counts only with the secret whose digest is kept', async () => {
    const cookie = await board.logIn(adminEmail);
    const row = { _id: sessionOf(cookie) };
    const kept = (await sessions().findOne(row))?.refreshHash ?? '';
    assert.match(kept, /^[0-9a-f]{64}$/u);
    await sessions().updateOne(row, { $set: { refreshHash: 'f'.repeat(64) } });
    await isOut(cookie);
    await sessions().updateOne(row, { $set: { refreshHash: kept } });
    assert.equal((await board.script('GET', '/admin/queues', { cookie })).status, 200);
  });

  it('looks at the role with each request', async () => {
    const email = await board.person('auditor');
    const users = mongoose.connection.collection('users');
    const cookie = await board.logIn(email);
    const enters = async (): Promise<number> =>
      (await board.script('GET', '/admin/queues/api/queues', { cookie })).status;
    assert.equal(await enters(), 200);
    await users.updateOne({ email }, { $set: { roles: ['user'] } });
    assert.equal(await enters(), 403);
    const page = await board.navigate('GET', '/admin/queues', { cookie });
    assert.deepEqual([page.status, page.text.includes('action="/admin/logout"')], [403, true]);
    await users.deleteOne({ email });
    assert.equal(await enters(), 401);
  });

  it('lets in nobody without the permission, and takes no secret in the place of another', async () => {
    const somebody = await registerSomebody(board.server);
    const cookie = await board.logIn(somebody.user.email);
    for (const path of everything) {
      assert.equal((await board.script('GET', path, { cookie })).status, 403);
    }
    const fresh = await logIn(board.server, adminEmail);
    await isOut(`admin=${fresh.refreshToken}`);
    await isOut(`admin=${fresh.accessToken}`);
    const secret = (await board.logIn(adminEmail)).split('=')[1] ?? '';
    const refreshed = await board.server.call('POST', '/api/auth/refresh', { body: { refreshToken: secret } });
    assert.equal(refreshed.status, 401);
    assert.equal((await board.server.call('GET', '/api/auth/me', { token: secret })).status, 401);
    assert.equal(
      (await board.server.call('GET', '/api/auth/me', { headers: { cookie: `admin=${secret}` } })).status,
      401,
    );
    await isOut(`admin=${secret.slice(0, -4)}AAAA`);
  });
});
