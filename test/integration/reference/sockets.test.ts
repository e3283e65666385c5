// What is said on a socket is what the AsyncAPI document says. Events are held against it wherever a test follows a feed
// (support/feed-client.ts).
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'mocha';
import { io, type Socket } from 'socket.io-client';
import { problemCatalogue } from '#src/platform/errors.ts';
import { createRealtime, type Realtime } from '#src/platform/realtime/server.ts';
import { authService } from '#src/services/auth/index.ts';
import { userService } from '#src/services/user/index.ts';
import { mayReadFeed } from '#src/services/websocket/index.ts';
import { registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { checkMessagesAgainst, type CheckMessage } from '../../support/documented.ts';
import { startServer, type TestServer } from '../../support/http.ts';

const source = new URL('../../../src/', import.meta.url);

/** Every file below `src`, by its path there. */
async function sources(): Promise<Map<string, string>> {
  const names = (await readdir(source, { recursive: true })).filter((name) => name.endsWith('.ts'));
  const texts = names.map(async (name) => [name, await readFile(new URL(name, source), 'utf8')] as const);
  return new Map(await Promise.all(texts));
}

interface Reference {
  readonly operations: Record<string, { action: string; messages: Ref[]; reply?: { messages: Ref[] } }>;
  readonly components: { readonly messages: Record<string, { name: string; 'x-problems'?: string[] }> };
}
interface Ref {
  readonly $ref: string;
}

interface Refusal {
  readonly ok: boolean;
  readonly problem: { readonly code: string };
}

describe('the reference of sockets', () => {
  let server: TestServer;
  let realtime: Realtime;
  let ada: LoggedIn;
  let check: CheckMessage;
  let reference: Reference;
  const refusals = (id: string): readonly string[] => reference.components.messages[id]?.['x-problems'] ?? [];
  const opened: Socket[] = [];
  const connect = (token: string): Socket => {
    const socket = io(server.url, { transports: ['websocket'], auth: { token }, reconnection: false, forceNew: true });
    opened.push(socket);
    return socket;
  };
  const heard = async (socket: Socket, name: string): Promise<unknown> =>
    await new Promise((resolve) => socket.once(name, resolve));
  const ask = async (socket: Socket, name: string, message: unknown): Promise<unknown> => {
    const answer: unknown = await socket.timeout(10_000).emitWithAck(name, message);
    check(`${name}.answer`, answer);
    return answer;
  };

  before(async () => {
    server = await startServer([userService, authService], { sockets: true });
    realtime = createRealtime(server.http, mayReadFeed);
    ada = await registerSomebody(server, 'Ada');
    const { body } = await server.call('GET', '/api/asyncapi.json');
    check = checkMessagesAgainst(body);
    reference = body as Reference;
  });
  after(async () => {
    opened.forEach((socket) => socket.disconnect());
    await realtime.close();
    await server.close();
  });

  /** The names that go over the wire for these messages, in order and once. */
  const namesOf = (messages: readonly Ref[]): string[] => {
    const ids = messages.map(({ $ref }) => $ref.split('/').at(-1) ?? '');
    return [...new Set(ids.map((id) => reference.components.messages[id]?.name ?? id))].toSorted();
  };

  it('has every message the door listens to, and no other', async () => {
    const socket = connect(ada.accessToken);
    await heard(socket, 'hello');
    const here = realtime.io.of('/').sockets.get(socket.id ?? '');
    assert.ok(here);
    // What Socket.IO itself tells a server of; nobody sends it.
    const reserved = ['disconnect', 'disconnecting', 'error'];
    const listened = here.eventNames().map(String);
    const received = Object.values(reference.operations).filter(({ action }) => action === 'receive');
    assert.deepEqual(
      ['connect', ...listened.filter((name) => !reserved.includes(name))].toSorted(),
      namesOf(received.flatMap(({ messages }) => messages)),
    );
    assert.deepEqual(here.listenersAny(), [], 'nothing is listened to by no name');
  });

  it('has every message the door sends, and no other', async () => {
    const files = await sources();
    const doors = [...files].filter(([name]) => name.startsWith('platform/realtime/'));
    const others = [...files].filter(([, text]) => /from 'socket\.io'/u.test(text)).map(([name]) => name);
    assert.ok(others.length > 0);
    others.forEach((name) => assert.ok(name.startsWith('platform/realtime/'), `${name} has sockets of its own`));
    const text = doors.map(([, each]) => each).join('\n');
    const sending = [...text.matchAll(/\.(?:emit\w*|serverSideEmit\w*|send|write)\(\s*(?:'([^']+)')?/gu)];
    const sent = sending.map(([call, name]) => name ?? assert.fail(`${call} names no message here`));
    const operations = Object.values(reference.operations).filter(({ action }) => action === 'send');
    const greeting = reference.operations['connect']?.reply?.messages ?? [];
    assert.deepEqual(
      // Socket.IO sends the refusal by itself, where `next` is given an error.
      [...new Set([...sent, 'connect_error'])].toSorted(),
      namesOf([...operations.flatMap(({ messages }) => messages), ...greeting]),
    );
  });

  it('has the greeting', async () => {
    check('hello', await heard(connect(ada.accessToken), 'hello'));
  });

  it('has the refusal of a connection, with its code', async () => {
    const error = (await heard(connect('no token'), 'connect_error')) as Error & { data: { code: string } };
    check('connect_error', error.data);
    assert.equal(error.message, error.data.code);
    assert.ok(refusals('connect_error').includes(error.message));
  });

  it('has the acknowledgements of subscribe and unsubscribe, and their refusals', async () => {
    const socket = connect(ada.accessToken);
    await heard(socket, 'hello');
    const feed = `user.${ada.user.id}`;
    for (const message of [{ feed }, { feed, since: 0 }, { feed, since: 99 }, { feed: 'platform', since: 0 }]) {
      check('subscribe', message);
      assert.equal(((await ask(socket, 'subscribe', message)) as Refusal).ok, true);
    }
    for (const message of [{ feed: 'user.somebody-else' }, { feed, since: -1 }, { feed: 'no feed' }, 'x']) {
      const { ok, problem } = (await ask(socket, 'subscribe', message)) as Refusal;
      assert.equal(ok, false);
      assert.ok(
        refusals('subscribe.answer').includes(problem.code) && problemCatalogue.has(problem.code),
        problem.code,
      );
    }
    assert.throws(() => check('subscribe', { feed, since: -1 }), /otherwise than documented/u);
    assert.equal(((await ask(socket, 'unsubscribe', { feed: 'platform' })) as Refusal).ok, true);
    const { problem } = (await ask(socket, 'unsubscribe', {})) as Refusal;
    assert.ok(refusals('unsubscribe.answer').includes(problem.code));
  });

  it('has the end of a session', async () => {
    const bea = await registerSomebody(server, 'Bea');
    const socket = connect(bea.accessToken);
    await heard(socket, 'hello');
    const ended = heard(socket, 'session.ended');
    await server.call('POST', '/api/auth/logout', { token: bea.accessToken });
    check('session.ended', await ended);
  });
});
