// A person's export, and their way out, over HTTP with real workers.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { strFromU8, unzipSync } from 'fflate';
import { after, before, describe, it } from 'mocha';
import mongoose from 'mongoose';
import { personalData } from '#src/platform/personal/personal.ts';
import { Work } from '#src/platform/commands/work.ts';
import type { Owner } from '#src/platform/commands/owner.ts';
import { authService } from '#src/services/auth/index.ts';
import { gamificationService } from '#src/services/gamification/index.ts';
import { userService } from '#src/services/user/index.ts';
import { ventureService } from '#src/services/venture/index.ts';
import { effectsWorker } from '#workers/effects.worker.ts';
import { logIn, logInAdmin, password, registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { eventually } from '../../support/eventually.ts';
import { ageProof, codeOf as appCode, registerWithApp } from '../../support/factors.ts';
import { problemOf, startServer, type Reply, type TestServer } from '../../support/http.ts';

const undoMs = 14 * 86_400_000;

describe('privacy', function () {
  this.timeout(20_000);
  let server: TestServer;
  let worker: Owner;
  let admin: LoggedIn;

  before(async () => {
    server = await startServer([userService, authService, ventureService, gamificationService]);
    worker = effectsWorker(server.registry);
    worker.start();
    admin = await logInAdmin(server);
  });
  after(async () => {
    await worker.stop();
    await server.close();
  });

  const call = async (who: LoggedIn, method: string, path: string, body?: object): Promise<Reply> =>
    await server.call(method, path, { token: who.accessToken, ...(body ? { body } : {}) });
  const codeOf = (reply: Reply): [number, string] => [reply.status, problemOf(reply).code];

  describe('an export', () => {
    const bytesOf = async (who: LoggedIn, path: string): Promise<Buffer> => {
      const response = await fetch(`${server.url}${path}`, { headers: { authorization: `Bearer ${who.accessToken}` } });
      assert.equal(response.status, 200);
      assert.equal(response.headers.get('content-type'), 'application/zip');
      return Buffer.from(await response.arrayBuffer());
    };
    const exported = async (who: LoggedIn): Promise<{ id: string; sha256: string; state: string }> => {
      const begun = await call(who, 'POST', `/api/users/${who.user.id}/export`);
      assert.equal(begun.status, 202);
      const { id } = begun.body as { id: string };
      assert.equal(begun.headers.get('location'), `/api/operations/${id}`);
      return await eventually(async () => {
        const { body } = await call(who, 'GET', `/api/users/${who.user.id}/exports/${id}`);
        assert.equal((body as { state: string }).state, 'ready');
        return body as { id: string; sha256: string; state: string };
      });
    };

    it('is a ZIP of what is kept, whole and without credentials, for its person alone', async () => {
      const [ada, other] = [await registerSomebody(server, 'Ada'), await registerSomebody(server, 'Other')];
      await call(ada, 'POST', '/api/ventures/create', { name: 'Rockets of Ada' });
      const { id, sha256 } = await exported(ada);
      const zip = await bytesOf(ada, `/api/users/${ada.user.id}/exports/${id}/content`);
      assert.equal(createHash('sha256').update(zip).digest('hex'), sha256);
      const files = unzipSync(zip);
      const textOf = (name: string): string => strFromU8(files[`${name}.ndjson`] ?? new Uint8Array(0));
      assert.match(textOf('user/account'), new RegExp(ada.user.email, 'u'));
      assert.match(textOf('venture/ventures'), /Rockets of Ada/u);
      assert.equal(textOf('auth/sessions').trim().split('\n').length, 1);
      const all = Object.values(files)
        .map((file) => strFromU8(file))
        .join('\n');
      for (const secret of ['$argon2id', 'refreshHash', '"seed"', ada.refreshToken, other.user.email]) {
        assert.ok(!all.includes(secret), secret);
      }
      for (const path of ['', `/${id}`, `/${id}/content`]) {
        assert.equal((await call(other, 'GET', `/api/users/${ada.user.id}/exports${path}`)).status, 404);
      }
      assert.equal((await call(other, 'GET', `/api/users/${other.user.id}/exports/${id}`)).status, 404);
      assert.equal((await call(other, 'POST', `/api/users/${ada.user.id}/export`)).status, 404);
    });
  });

  it('asks for a proof of the last minutes before it exports or deletes, by password where that is all there is', async () => {
    const ada = await registerSomebody(server, 'Stolen');
    const withApp = await registerWithApp(server);
    const acts = async (who: LoggedIn): Promise<[number, string][]> => [
      codeOf(await call(who, 'POST', `/api/users/${who.user.id}/export`)),
      codeOf(await call(who, 'DELETE', `/api/users/${who.user.id}`)),
    ];
    const refused = [401, 'auth.step-up-required'];
    for (const who of [ada, withApp]) {
      await ageProof(who.accessToken);
      assert.deepEqual(await acts(who), [refused, refused]);
    }
    const begun = await call(await logIn(server, ada.user.email), 'POST', `/api/users/${ada.user.id}/export`);
    const { id } = begun.body as { id: string };
    await eventually(async () => {
      const { body } = await call(ada, 'GET', `/api/users/${ada.user.id}/exports/${id}`);
      assert.equal((body as { state: string }).state, 'ready');
    });
    assert.deepEqual(codeOf(await call(ada, 'GET', `/api/users/${ada.user.id}/exports/${id}/content`)), refused);
    const byPassword = { method: 'password', password };
    assert.equal(
      problemOf(await call(withApp, 'POST', '/api/auth/step-up', byPassword)).code,
      'auth.password-not-enough',
    );
    const byCode = { method: 'totp', code: appCode(withApp.secret) };
    for (const [who, proof] of [
      [ada, byPassword],
      [withApp, byCode],
    ] as const) {
      assert.equal((await call(who, 'POST', '/api/auth/step-up', proof)).status, 200);
      assert.equal((await call(who, 'POST', `/api/users/${who.user.id}/export`)).status, 202);
      assert.equal((await call(who, 'DELETE', `/api/users/${who.user.id}`)).status, 200);
    }
  });

  it('shows of second factors that they are and when they were used, and removes them', async () => {
    const { secret, backupCodes, user } = await registerWithApp(server);
    const part = personalData.get('auth/second-factors');
    const rows: unknown[] = [];
    for await (const row of part?.rows(user.id) ?? []) {
      rows.push(row);
    }
    const text = JSON.stringify(rows);
    assert.match(text, /"confirmedAt":"\d{4}-/u);
    assert.equal((rows[0] as { backupCodes: unknown[] }).backupCodes.length, backupCodes.length);
    for (const hidden of [secret, 'sealed', 'hash', 'lastStep']) {
      assert.ok(!text.includes(hidden), hidden);
    }
    await part?.erase?.(user.id);
    assert.equal(await mongoose.connection.collection('factors').countDocuments({ _id: user.id as never }), 0);
  });

  describe('a deletion', () => {
    const due = async (userId: string): Promise<void> => {
      const moved = await Work.native().updateOne(
        { kind: 'user.deletion.erase', 'input.userId': userId, state: 'new' },
        { $set: { notBefore: new Date(0) } },
      );
      assert.equal(moved.modifiedCount, 1);
    };
    const ask = async (who: LoggedIn, whom = who): Promise<Reply> =>
      await call(who, 'DELETE', `/api/users/${whom.user.id}`);
    const rowsOf = async (collection: string, filter: object): Promise<number> =>
      await mongoose.connection.collection(collection).countDocuments(filter);

    it('hides the account for fourteen days, in which its owner can take it back', async () => {
      const [ada, other] = [await registerSomebody(server, 'Hidden'), await registerSomebody(server, 'Other')];
      const second = await logIn(server, ada.user.email);
      const before = Date.now();
      const asked = await ask(ada);
      const { status, deletedAt } = asked.body as { status: string; deletedAt: string };
      assert.deepEqual([asked.status, status], [200, 'deleting']);
      assert.ok(Math.abs(Date.parse(deletedAt) - before - undoMs) < 60_000);
      assert.equal((await call(second, 'GET', '/api/auth/me')).status, 401, 'other sessions are over');
      for (const path of ['', '/skills', '/portfolio', '/resume', '/activity']) {
        assert.equal((await call(other, 'GET', `/api/users/${ada.user.id}${path}`)).status, 404, path);
      }
      assert.equal(((await call(other, 'GET', '/api/users/?q=hidden')).body as { data: unknown[] }).data.length, 0);
      assert.deepEqual(codeOf(await call(other, 'POST', `/api/users/${ada.user.id}/restore`)), [404, 'user.not-found']);
      const again = await logIn(server, ada.user.email);
      assert.equal((await call(again, 'POST', `/api/users/${ada.user.id}/restore`)).status, 200);
      assert.equal((await call(other, 'GET', `/api/users/${ada.user.id}`)).status, 200);
      await due(ada.user.id);
      await eventually(async () => {
        const row = await Work.native().findOne({ kind: 'user.deletion.erase', 'input.userId': ada.user.id });
        assert.deepEqual(row?.result, { erased: false });
      });
      assert.equal((await call(again, 'GET', '/api/auth/me')).status, 200);
    });

    it('takes the person out of everything when its time has come, and keeps what others rest on', async () => {
      const [ada, other] = [await registerSomebody(server, 'Gone Girl'), await registerSomebody(server, 'Heir')];
      const id = ada.user.id;
      const { body } = await call(other, 'POST', '/api/ventures/create', { name: 'Stays' });
      const venture = (body as { id: string }).id;
      await call(other, 'POST', `/api/ventures/${venture}/invitations`, { userId: id, role: 'member' });
      await call(ada, 'POST', `/api/ventures/${venture}/invitations/${id}/accept`);
      const invitation = { email: ada.user.email, roles: ['user'], invitedBy: admin.user.id, createdAt: new Date() };
      await mongoose.connection
        .collection('invitations')
        .insertOne({ _id: 'to-ada' as never, ...invitation, expiresAt: new Date(Date.now() + undoMs), rev: 0 });
      const gaveUp = {
        _id: 'gave-up',
        shard: 'effects.0',
        kind: 'mail.message.send',
        key: 'gave-up',
        input: { to: ada.user.email, template: 'auth.security-notice', data: { name: 'Gone Girl' } },
        state: 'dead',
      };
      await mongoose.connection.collection('work').insertOne(gaveUp as never);
      await ask(ada);
      await due(id);
      await eventually(async () => {
        assert.equal(await rowsOf('users', { _id: id as never, status: 'erased', name: 'Former member' }), 1);
        assert.equal(await rowsOf('work', { kind: 'user.deletion.erase', 'input.userId': id, state: 'done' }), 1);
      });
      assert.equal(
        (await server.call('POST', '/api/auth/login', { body: { email: ada.user.email, password } })).status,
        401,
      );
      assert.equal((await call(ada, 'GET', '/api/auth/me')).status, 401);
      const team = (await call(other, 'GET', `/api/ventures/${venture}/team`)).body as { data: { userId: string }[] };
      assert.deepEqual(
        team.data.map(({ userId }) => userId),
        [other.user.id],
      );
      for (const [collection, filter] of [
        ['sessions', { userId: id }],
        ['security_events', { userId: id }],
        ['connections', { members: id }],
        ['feed_events', { feed: `user.${id}` }],
        ['users', { email: ada.user.email }],
        ['events', { 'data.name': 'Gone Girl' }],
        ['invitations', { email: ada.user.email }],
        ['mails', { to: ada.user.email }],
        ['work', { _id: 'gave-up' as never, 'input.data.name': 'Gone Girl' }],
        ['work', { _id: 'gave-up' as never, 'input.to': ada.user.email }],
      ] as const) {
        assert.equal(await rowsOf(collection, filter), 0, collection);
      }
      assert.equal((await call(other, 'GET', `/api/users/${id}`)).status, 404);
      assert.equal((await registerWith(ada.user.email)).status, 201, 'the address is free again');
    });

    const registerWith = async (email: string): Promise<Reply> =>
      await server.call('POST', '/api/auth/register', { body: { email, password, name: 'Somebody else' } });

    it('waits until nobody depends on the account', async () => {
      const [ada, other] = [await registerSomebody(server, 'Boss'), await registerSomebody(server, 'Mate')];
      const { body } = await call(ada, 'POST', '/api/ventures/create', { name: 'Ours' });
      const venture = (body as { id: string }).id;
      await call(ada, 'POST', `/api/ventures/${venture}/invitations`, { userId: other.user.id, role: 'member' });
      await call(other, 'POST', `/api/ventures/${venture}/invitations/${other.user.id}/accept`);
      assert.deepEqual(codeOf(await ask(ada)), [409, 'user.still-needed']);
      await call(ada, 'POST', `/api/ventures/${venture}/archive`);
      assert.equal((await ask(ada)).status, 200);
      assert.deepEqual(codeOf(await ask(admin)), [409, 'user.still-needed']);
    });

    it('is for its owner and admins only', async () => {
      const [ada, other] = [await registerSomebody(server), await registerSomebody(server)];
      assert.deepEqual(codeOf(await ask(other, ada)), [404, 'user.not-found']);
      assert.deepEqual(codeOf(await call(ada, 'POST', `/api/users/${ada.user.id}/restore`)), [
        409,
        'user.not-deleting',
      ]);
      assert.equal((await ask(admin, ada)).status, 200);
      assert.equal((await call(ada, 'GET', '/api/auth/me')).status, 401);
    });
  });
});
