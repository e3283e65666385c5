// Wrong input at every door: a problem with its code, and nothing written.
import assert from 'node:assert/strict';
import { io } from 'socket.io-client';
import { eventually } from '../support/eventually.ts';
import { checkInvariants, settled } from '../support/invariants.ts';
import { insertRows, readRows, workRowOf } from '../support/rows.ts';
import { countAll, showLogs, startSystem, type System } from '../support/system.ts';

const grantPath = '/api/gamification/xp/add';
const json = { 'content-type': 'application/json' };

interface Wrong {
  readonly name: string;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly token?: string | null;
  readonly body?: string;
  readonly expected: readonly [status: number, code: string];
}

describe('wrong input', () => {
  let system: System;
  let counted: Record<string, number>;

  before(async () => {
    system = await startSystem({ people: 3 });
  });
  after(async () => {
    await system?.stop();
  });
  beforeEach(async () => {
    await settled(system.db);
    counted = await countAll(system.db);
  });
  afterEach(function () {
    showLogs(this, system);
  });

  const grant = (changes: Record<string, unknown> = {}): string =>
    JSON.stringify({ userId: system.people[0], amount: 5, reason: 'wrong', ...changes });

  async function send(wrong: Wrong): Promise<{ status: number; code: unknown; type: string | null }> {
    const token = wrong.token === undefined ? system.token : wrong.token;
    const response = await fetch(`${system.url(0)}${wrong.path ?? grantPath}`, {
      method: wrong.method ?? 'POST',
      headers: { ...json, ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...wrong.headers },
      ...(wrong.body === undefined ? {} : { body: wrong.body }),
    });
    const body = (await response.json()) as { code?: unknown; status?: unknown; requestId?: unknown };
    assert.equal(body.status, response.status, wrong.name);
    assert.equal(body.requestId, response.headers.get('x-request-id'), wrong.name);
    return { status: response.status, code: body.code, type: response.headers.get('content-type') };
  }

  async function refused(cases: readonly Wrong[]): Promise<void> {
    for (const wrong of cases) {
      const { status, code, type } = await send(wrong);
      assert.deepEqual([status, code], wrong.expected, wrong.name);
      assert.match(type ?? '', /^application\/problem\+json/u, wrong.name);
    }
    assert.deepEqual(await countAll(system.db), counted);
  }

  it('over HTTP: bodies that cannot be read', async () => {
    await refused([
      { name: 'cut off', body: grant().slice(0, -3), expected: [400, 'request.malformed'] },
      { name: 'no JSON', body: 'amount=5', expected: [400, 'request.malformed'] },
      {
        name: 'a prototype',
        body: `{"__proto__": {"amount": 1}, ${grant().slice(1)}`,
        expected: [400, 'request.malformed'],
      },
      { name: 'a bare number', body: '5', expected: [400, 'request.malformed'] },
      {
        name: 'a form',
        body: 'a=5',
        headers: { 'content-type': 'text/plain' },
        expected: [415, 'request.unsupported-media-type'],
      },
      {
        name: 'another charset',
        body: grant(),
        headers: { 'content-type': 'application/json; charset=latin1' },
        expected: [415, 'request.unsupported-media-type'],
      },
      { name: 'too large', body: grant({ reason: 'x'.repeat(70_000) }), expected: [413, 'request.too-large'] },
      { name: 'none', expected: [422, 'request.invalid'] },
    ]);
  });

  it('over HTTP: values that do not fit', async () => {
    const bodies: Record<string, string> = {
      'a word for a number': grant({ amount: '5' }),
      'a fraction': grant({ amount: 1.5 }),
      nothing: grant({ amount: 0 }),
      'too much': grant({ amount: 1_000_001 }),
      'beyond integers': grant({ amount: 1e300 }),
      'an object for an id': grant({ userId: { $ne: null } }),
      'an array for an id': grant({ userId: ['x'] }),
      'an id of other letters': grant({ userId: 'a b' }),
      'no reason': grant({ reason: '   ' }),
      'a time without offset': grant({ occurredAt: '2026-01-01T00:00:00' }),
      'a member nobody knows': grant({ mayCorrect: true }),
      'a list': `[${grant()}]`,
    };
    await refused(
      Object.entries(bodies).map(([name, body]) => ({ name, body, expected: [422, 'request.invalid'] as const })),
    );
    await refused([
      {
        name: 'key too long',
        body: grant(),
        headers: { 'Idempotency-Key': 'k'.repeat(256) },
        expected: [400, 'request.malformed'],
      },
      {
        name: 'key with a blank',
        body: grant(),
        headers: { 'Idempotency-Key': 'a b' },
        expected: [400, 'request.malformed'],
      },
      { name: 'no such path', path: '/api/gamification/xp', body: grant(), expected: [404, 'request.not-found'] },
      { name: 'no such method', method: 'PUT', body: grant(), expected: [405, 'request.method-not-allowed'] },
      { name: 'redrive of nothing', path: '/api/dead-letters/redrive', body: '{}', expected: [422, 'request.invalid'] },
      {
        name: 'redrive of both',
        path: '/api/dead-letters/redrive',
        body: '{"ids":["a"],"kind":"b"}',
        expected: [422, 'request.invalid'],
      },
      {
        name: 'a forged inner event',
        path: `/api/state-machines/onboarding/${system.people[0]}/event`,
        body: '{"type":"xstate.init"}',
        expected: [422, 'request.invalid'],
      },
    ]);
  });

  it('over HTTP: callers who may not', async () => {
    const [header = '', payload = '', signature = ''] = system.token.split('.');
    const forged = Buffer.from(payload, 'base64url')
      .toString()
      .replace(/"sub":"[^"]+"/u, '"sub":"somebody-else"');
    const unsigned = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url');
    const tokens: Record<string, string | null> = {
      none: null,
      nonsense: 'nonsense',
      'cut off': `${header}.${payload}`,
      'another subject': `${header}.${Buffer.from(forged).toString('base64url')}.${signature}`,
      unsigned: `${unsigned}.${payload}.`,
    };
    await refused(
      Object.entries(tokens).map(([name, token]) => ({
        name,
        token,
        body: grant(),
        expected: [401, 'auth.unauthenticated'] as const,
      })),
    );
  });

  it('at the socket: messages that do not fit, feeds that are not there', async () => {
    const socket = io(system.url(1), { transports: ['websocket'], auth: { token: system.token } });
    await new Promise((resolve) => socket.once('hello', resolve));
    const bad: readonly (readonly [event: string, message: unknown, code: string])[] = [
      ['subscribe', undefined, 'request.invalid'],
      ['subscribe', 'user.x', 'request.invalid'],
      ['subscribe', { feed: 5 }, 'request.invalid'],
      ['subscribe', { feed: 'user.x', since: -1 }, 'request.invalid'],
      ['subscribe', { feed: 'user.x', since: '0' }, 'request.invalid'],
      ['subscribe', { feed: 'user.x', unknown: 1 }, 'request.invalid'],
      ['subscribe', { feed: 'session.*' }, 'request.invalid'],
      ['unsubscribe', { feeds: [] }, 'request.invalid'],
    ];
    for (const [event, message, code] of bad) {
      const answer = (await socket.timeout(5_000).emitWithAck(event, message)) as {
        ok: boolean;
        problem: { code: string };
      };
      assert.deepEqual([answer.ok, answer.problem.code], [false, code], `${event} ${JSON.stringify(message)}`);
    }
    socket.emit('subscribe');
    socket.emit('subscribe', null, null);
    socket.emit('no-such-message', { a: 1 });
    const alive = (await socket.timeout(5_000).emitWithAck('subscribe', { feed: 'platform' })) as { ok: boolean };
    assert.equal(alive.ok, true, 'the socket lives on');
    socket.emit('subscribe', { feed: 'x'.repeat(100_000) });
    await new Promise((resolve) => socket.once('disconnect', resolve));
    socket.disconnect();
    for (const auth of [{}, { token: 5 }, { token: 'nonsense' }]) {
      const refusedSocket = io(system.url(1), { transports: ['websocket'], auth, reconnection: false, forceNew: true });
      const error = await new Promise<Error>((resolve) => refusedSocket.once('connect_error', resolve));
      assert.equal(error.message, 'auth.unauthenticated');
    }
    assert.deepEqual(await countAll(system.db), counted);
  });

  it('in a work row: it becomes a dead letter and has no effect', async () => {
    const userId = system.people[1] ?? '';
    const key = `user.${userId}`;
    const rows = [
      workRowOf({
        kind: 'gamification.xp.add',
        key,
        input: { userId, amount: 'lots', reason: 'r', mayCorrect: false },
      }),
      workRowOf({ kind: 'gamification.xp.add', key, input: null }),
      workRowOf({ kind: 'gamification.xp.add', key, input: { $where: '1' } }),
      workRowOf({ kind: 'no.such.kind', key, input: {} }),
    ];
    await insertRows(system.db, rows);
    await eventually(async () => {
      const found = await readRows(system.db, rows);
      const ends = found.map(({ state, problem }) => [state, problem?.code]);
      assert.deepEqual(
        ends,
        rows.map(() => ['dead', 'operation.gave-up']),
      );
    }, 15_000);
    const expected = { ...counted, work: (counted['work'] ?? 0) + 4, dead_letters: (counted['dead_letters'] ?? 0) + 4 };
    assert.deepEqual(await countAll(system.db), expected);
    await checkInvariants(system.db, { acknowledged: [], dead: rows.map(({ _id }) => _id) });
  });
});
