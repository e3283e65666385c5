// How often sockets may be opened and spoken on, by address and by account.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { after, before, describe, it } from 'mocha';
import { io, type Socket } from 'socket.io-client';
import type { Rate } from '#config/rates.ts';
import { addressOf } from '#src/platform/http/network.ts';
import { createSocketLimits } from '#src/platform/http/rate-limit.ts';
import { createRealtime } from '#src/platform/realtime/server.ts';
import { authService } from '#src/services/auth/index.ts';
import { userService } from '#src/services/user/index.ts';
import { mayReadFeed } from '#src/services/websocket/index.ts';
import { registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { startServer, type TestServer } from '../../support/http.ts';

interface Refusal {
  readonly ok: boolean;
  readonly problem?: { readonly code: string; readonly status: number };
}

const rate = (perAddress: number, perAccount: number): Rate => ({ windowS: 600, perAddress, perAccount, exact: true });

describe('the limits of sockets', () => {
  let server: TestServer;
  let ada: LoggedIn;
  let bea: LoggedIn;

  before(async () => {
    server = await startServer([userService, authService]);
    ada = await registerSomebody(server, 'Ada');
    bea = await registerSomebody(server, 'Bea');
  });
  after(async () => await server.close());

  /** A door of its own with these limits, for as long as `act` takes. */
  const withDoor = async (
    table: { readonly connect: Rate; readonly message: Rate },
    act: (connect: (who: LoggedIn, localAddress?: string) => Promise<Socket>) => Promise<void>,
  ): Promise<void> => {
    const http = createServer();
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    const realtime = createRealtime(http, mayReadFeed, createSocketLimits(table, 1));
    const opened: Socket[] = [];
    try {
      await act(async ({ accessToken: token }, localAddress = '127.0.0.1') => {
        const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
        const options = {
          transports: ['websocket'],
          auth: { token },
          reconnection: false,
          forceNew: true,
          localAddress,
        };
        const socket = io(url, options);
        opened.push(socket);
        return await new Promise((resolve, reject) => {
          socket.once('hello', () => resolve(socket));
          socket.once('connect_error', reject);
        });
      });
    } finally {
      opened.forEach((socket) => socket.disconnect());
      await realtime.close();
    }
  };
  const refused = { name: 'Error', message: 'request.too-many' };

  it('refuse an account that connects too often, and nobody else', async () => {
    await withDoor({ connect: rate(100, 3), message: rate(100, 100) }, async (connect) => {
      for (let count = 0; count < 3; count += 1) {
        await connect(ada);
      }
      await assert.rejects(async () => await connect(ada), refused);
      await connect(bea);
    });
  });

  it('refuse an address before they look at its tokens', async () => {
    // What other tests counted for the usual address is in Redis.
    const from = '127.0.0.9';
    await withDoor({ connect: rate(2, 100), message: rate(100, 100) }, async (connect) => {
      const nobody = { ...ada, accessToken: 'no token' };
      for (let count = 0; count < 2; count += 1) {
        await assert.rejects(async () => await connect(nobody, from), { message: 'auth.unauthenticated' });
      }
      await assert.rejects(async () => await connect(bea, from), refused);
      await connect(bea, '127.0.0.10');
    });
  });

  it('refuse messages beyond the limit with its problem, on all sockets of an account, and keep them open', async () => {
    await withDoor({ connect: rate(100, 100), message: rate(100, 4) }, async (connect) => {
      const [one, other] = [await connect(ada), await connect(ada)];
      const ask = async (socket: Socket, name: string, message: unknown): Promise<Refusal> =>
        (await socket.timeout(10_000).emitWithAck(name, message)) as Refusal;
      const own = { feed: `user.${ada.user.id}` };
      assert.equal((await ask(one, 'subscribe', own)).ok, true);
      assert.equal((await ask(other, 'subscribe', own)).ok, true);
      // Names that nobody knows get no answer, and count all the same.
      one.emit('presence.query', {});
      assert.equal((await ask(one, 'unsubscribe', own)).ok, true);
      for (const socket of [one, other]) {
        const { ok, problem } = await ask(socket, 'subscribe', own);
        assert.deepEqual([ok, problem?.code, problem?.status], [false, 'request.too-many', 429]);
      }
      assert.equal((await ask(await connect(bea), 'subscribe', { feed: `user.${bea.user.id}` })).ok, true);
      assert.ok(one.connected && other.connected);
    });
  });

  it('count who is behind a proxy by the address that the proxy was asked from', () => {
    const from = (hops: number, header?: string): string =>
      addressOf(
        {
          headers: header === undefined ? {} : { 'x-forwarded-for': header },
          socket: { remoteAddress: '10.0.0.1' } as TLSSocket,
        },
        hops,
      );
    assert.equal(from(0, '192.0.2.7'), '10.0.0.1');
    assert.equal(from(1, '192.0.2.7'), '192.0.2.7');
    assert.equal(from(1, '1.1.1.1, 192.0.2.7'), '192.0.2.7');
    assert.equal(from(2, '1.1.1.1, 192.0.2.7, 10.0.0.2'), '192.0.2.7');
    assert.equal(from(1), '10.0.0.1');
  });
});
