// A machine's room: each step reaches those who may read the machine, live, and nobody else gets in.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { io, type Socket } from 'socket.io-client';
import type { Owner } from '#src/platform/commands/owner.ts';
import { feedOwner } from '#src/platform/events/feeds.ts';
import { createRealtime, type Realtime } from '#src/platform/realtime/server.ts';
import { authService } from '#src/services/auth/index.ts';
import { stateMachineService } from '#src/services/state-machine/index.ts';
import { userService } from '#src/services/user/index.ts';
import { mayReadFeed } from '#src/services/websocket/index.ts';
import { machinesWorker } from '#workers/machines.worker.ts';
import { logInAdmin, registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { eventually } from '../../support/eventually.ts';
import { startServer, type TestServer } from '../../support/http.ts';

interface Placed {
  readonly feed: string;
  readonly seq: number;
  readonly event: { readonly type: string; readonly data: { readonly seq: number; readonly to: string } };
}

describe('the room of a machine', function () {
  this.timeout(20_000);
  let server: TestServer;
  let realtime: Realtime;
  let owners: Owner[] = [];
  let admin: LoggedIn;
  const sockets: Socket[] = [];

  before(async () => {
    server = await startServer([userService, authService, stateMachineService], { sockets: true });
    realtime = createRealtime(server.http, mayReadFeed);
    owners = [machinesWorker(server.registry), feedOwner()];
    owners.forEach((owner) => owner.start());
    admin = await logInAdmin(server);
  });
  after(async () => {
    sockets.forEach((socket) => socket.disconnect());
    await Promise.all(owners.map(async (owner) => await owner.stop()));
    await realtime.close();
    await server.close();
  });

  const connected = async ({ accessToken: token }: LoggedIn): Promise<Socket> => {
    const socket = io(server.url, { transports: ['websocket'], auth: { token }, reconnection: false, forceNew: true });
    sockets.push(socket);
    await new Promise((resolve) => socket.once('hello', resolve));
    return socket;
  };
  const joined = async (socket: Socket, feed: string): Promise<{ ok: boolean; head?: number }> =>
    (await socket.timeout(10_000).emitWithAck('subscribe', { feed })) as { ok: boolean; head?: number };

  it('gets each step as it is taken', async () => {
    const ada = await registerSomebody(server, 'Ada');
    const eve = await registerSomebody(server, 'Eve');
    const feed = `machine.onboarding.${ada.user.id}`;
    const socket = await connected(ada);
    const heard: Placed[] = [];
    // Whoever joins between the commit of the creation and its hint hears of it too: what the head covers is known.
    socket.on('event', (event: Placed) => event.feed === feed && event.seq > 1 && heard.push(event));
    // The room is there when the machine is, and has its creation.
    await eventually(async () => assert.equal((await joined(socket, feed)).head, 1));
    assert.equal((await joined(await connected(eve), feed)).ok, false);
    const send = async (type: string): Promise<number> => {
      const path = `/api/state-machines/onboarding/${ada.user.id}/event`;
      return (await server.call('POST', path, { body: { type }, token: admin.accessToken })).status;
    };
    for (const type of ['SNOOZE', 'XP_EARNED', 'LEVEL_REACHED']) {
      assert.equal(await send(type), 200);
    }
    const moved = (): unknown =>
      heard
        .filter(({ event }) => event.type === 'machine.transitioned')
        .map(({ event: { data } }) => [data.seq, data.to]);
    const wanted = [
      [1, 'registered'],
      [2, 'firstXp'],
      [3, 'active'],
    ];
    await eventually(async () => assert.deepEqual(await Promise.resolve(moved()), wanted));
    const seqs = heard.map(({ seq }) => seq);
    assert.deepEqual(
      seqs,
      seqs.map((_, index) => index + 2),
      'without a gap, the effects’ events among them',
    );
  });
});
