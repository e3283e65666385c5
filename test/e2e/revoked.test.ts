// Two API processes on one database: what ends on one is over on the other at once, sockets too; both sign with the same
// keys and know the same refresh tokens; an emptied Redis brings nothing back.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { io, type Socket } from 'socket.io-client';
import { Redis } from 'ioredis';
import { eventually } from '../support/eventually.ts';
import { call } from '../support/fleet.ts';
import { showLogs, startSystem, type System } from '../support/system.ts';

interface LoggedIn {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly user: { readonly id: string };
}

/** A deadline well within the 15 s after which a node finds by itself whose session is over. */
const closedMs = 7_000;

describe('a session on two nodes', () => {
  let system: System;
  let redis: Redis;
  let email = '';

  before(async () => {
    system = await startSystem({ people: 0, apis: 2, workers: 1 });
    redis = new Redis(system.servers.redisUrl, { maxRetriesPerRequest: null });
  });
  after(async () => {
    redis?.disconnect();
    await system?.stop();
  });
  afterEach(function () {
    showLogs(this, system);
  });

  const password = 'correct horse battery';
  const register = async (): Promise<LoggedIn> => {
    email = `somebody.${Date.now()}@example.test`;
    const reply = await call(system.url(0), 'POST', '/api/auth/register', {
      body: { email, password, name: 'Somebody' },
    });
    return reply.body as LoggedIn;
  };
  const logIn = async (api: number): Promise<LoggedIn> =>
    (await call(system.url(api), 'POST', '/api/auth/login', { body: { email, password } })).body as LoggedIn;
  const meStatus = async (api: number, { accessToken: token }: LoggedIn): Promise<number> =>
    (await call(system.url(api), 'GET', '/api/auth/me', { token })).status;
  const connect = async (api: number, { accessToken: token }: LoggedIn): Promise<Socket> => {
    const socket = io(system.url(api), { transports: ['websocket'], auth: { token }, reconnection: false });
    await once(socket as never, 'hello');
    return socket;
  };
  /** Resolves when the act is done and the socket told and closed, by the word of the other node and not by the sweep of its own. */
  const closesAtOnce = async (socket: Socket, act: () => Promise<unknown>): Promise<void> => {
    const told = once(socket as never, 'session.ended');
    const closed = once(socket as never, 'disconnect');
    const begin = performance.now();
    await act();
    await Promise.all([told, closed]);
    const ms = performance.now() - begin;
    assert.ok(ms < closedMs, `closed after ${Math.round(ms)} ms`);
  };

  it('is refused on the other and its socket closed, however it ends', async () => {
    const staying = await register();
    for (const end of ['logout', 'single', 'others']) {
      const leaving = await logIn(1);
      assert.deepEqual([await meStatus(0, leaving), await meStatus(1, leaving)], [200, 200]);
      const sid = String(JSON.parse(Buffer.from(leaving.accessToken.split('.')[1] ?? '', 'base64url').toString()).sid);
      const act = {
        logout: async () => await call(system.url(0), 'POST', '/api/auth/logout', { token: leaving.accessToken }),
        single: async () =>
          await call(system.url(0), 'DELETE', `/api/auth/sessions/${sid}`, { token: staying.accessToken }),
        others: async () =>
          await call(system.url(0), 'POST', '/api/auth/logout-others', { token: staying.accessToken }),
      }[end];
      const bystander = await connect(1, staying);
      await closesAtOnce(await connect(1, leaving), act ?? assert.fail);
      assert.deepEqual([await meStatus(1, leaving), await meStatus(0, leaving)], [401, 401], end);
      assert.ok(bystander.connected, 'somebody else lost the socket');
      bystander.disconnect();
    }
  });

  it('whose token was in two hands closes its socket on the other node', async () => {
    const first = await register();
    const refresh = async (api: number, refreshToken: string) =>
      await call(system.url(api), 'POST', '/api/auth/refresh', { body: { refreshToken } });
    const second = (await refresh(0, first.refreshToken)).body as LoggedIn;
    const third = (await refresh(1, second.refreshToken)).body as LoggedIn;
    await closesAtOnce(await connect(1, third), async () => await refresh(0, first.refreshToken));
    assert.deepEqual([await meStatus(0, third), await meStatus(1, third)], [401, 401]);
    await eventually(async () => {
      const mail = await system.db.collection('mails').findOne({ to: email, template: 'auth.security-notice' });
      assert.match(String(mail?.['text']), /A refresh token was used twice/u);
    });
  });

  it('goes on for fifty who exchange its token at once, on both nodes', async () => {
    const { refreshToken } = await register();
    const answers = await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const reply = await call(system.url(index % 2), 'POST', '/api/auth/refresh', { body: { refreshToken } });
        return reply.body as LoggedIn;
      }),
    );
    assert.equal(new Set(answers.map((answer) => answer.refreshToken)).size, 1);
    const statuses = await Promise.all(answers.map(async (answer, index) => await meStatus((index + 1) % 2, answer)));
    assert.deepEqual([...new Set(statuses)], [200]);
  });

  it('stays over, or goes on, when Redis is emptied, and both nodes show the same keys', async () => {
    const staying = await register();
    const leaving = await logIn(1);
    assert.deepEqual([await meStatus(0, leaving), await meStatus(1, staying)], [200, 200]);
    await call(system.url(0), 'POST', '/api/auth/logout', { token: leaving.accessToken });
    await redis.flushall();
    assert.deepEqual([await meStatus(0, leaving), await meStatus(1, leaving)], [401, 401]);
    assert.deepEqual([await meStatus(0, staying), await meStatus(1, staying)], [200, 200]);
    const sets = await Promise.all(
      [0, 1].map(async (api) => (await call(system.url(api), 'GET', '/.well-known/jwks.json')).body),
    );
    assert.deepEqual(sets[0], sets[1]);
  });
});
