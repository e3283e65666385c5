// Connections and blocks over HTTP: the way there and back, who may do what, races, and random acts against a model.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { after, before, beforeEach, describe, it } from 'mocha';
import mongoose from 'mongoose';
import { z } from 'zod';
import { Events } from '#src/platform/events/event.ts';
import { newId } from '#src/platform/ids.ts';
import { authService } from '#src/services/auth/index.ts';
import { gamificationService } from '#src/services/gamification/index.ts';
import { blockedBetween, connectedIds, isConnectedTo, userService } from '#src/services/user/index.ts';
import { logInAdmin, registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { expected, verbs, type PairModel, type Who } from '../../support/connection-model.ts';
import { problemOf, startServer, type Reply, type TestServer } from '../../support/http.ts';

const view = z.strictObject({
  id: z.string(),
  user: z.strictObject({ id: z.string(), name: z.string().nullable() }),
  state: z.string(),
  direction: z.string(),
  note: z.string().optional(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});
const page = z.strictObject({
  data: z.array(view),
  page: z.strictObject({ nextCursor: z.string().nullable(), hasMore: z.boolean() }),
});

const connections = (): mongoose.mongo.Collection => mongoose.connection.collection('connections');
const pairOf = (...ids: [string, string]): string => ids.toSorted((a, b) => (a < b ? -1 : 1)).join('.');

describe('connections', () => {
  let server: TestServer;
  let people: readonly [LoggedIn, LoggedIn, LoggedIn];

  before(async () => {
    server = await startServer([userService, authService, gamificationService]);
    people = [
      await registerSomebody(server, 'Ada'),
      await registerSomebody(server, 'Bob'),
      await registerSomebody(server, 'Cleo'),
    ];
  });
  after(async () => await server.close());
  beforeEach(async () => {
    await connections().deleteMany({});
    await Events.native().deleteMany({});
  });

  const idOf = (who: Who): string => people[who].user.id;
  const call = async (who: Who, method: string, path: string, body?: unknown): Promise<Reply> =>
    await server.call(method, `/api/users/${path}`, {
      token: people[who].accessToken,
      ...(body === undefined ? {} : { body }),
    });
  const ask = async (from: Who, to: Who, body: object = {}): Promise<Reply> =>
    await call(from, 'POST', `${idOf(to)}/connections`, body);
  const act = async (who: Who, other: Who, verb: string): Promise<Reply> =>
    await call(who, 'POST', `connections/${pairOf(idOf(who), idOf(other))}/${verb}`);
  const list = async (who: Who, query = ''): Promise<z.output<typeof page>> =>
    page.parse((await call(who, 'GET', `${idOf(who)}/connections${query}`)).body);
  const others = async (who: Who, query: string): Promise<string[]> =>
    (await list(who, query)).data.map(({ user }) => user.id);
  const code = (reply: Reply): string => problemOf(reply).code;

  it('goes from a request with a note to a connection that both have', async () => {
    const asked = await ask(0, 1, { note: ' We met in Łódź.\nRemember? ' });
    assert.equal(asked.status, 201);
    const made = view.parse(asked.body);
    assert.deepEqual(
      [made.user, made.state, made.direction, made.note],
      [{ id: idOf(1), name: 'Bob' }, 'pending', 'outgoing', 'We met in Łódź.\nRemember?'],
    );
    assert.deepEqual(await others(1, '?state=pending&direction=incoming'), [idOf(0)]);
    assert.deepEqual(await others(1, '?state=pending&direction=outgoing'), []);
    assert.deepEqual(await others(0, '?state=pending&direction=outgoing'), [idOf(1)]);
    assert.deepEqual(await others(2, '?state=pending'), []);
    assert.equal(await isConnectedTo(idOf(0), idOf(1)), false);

    const accepted = await act(1, 0, 'accept');
    assert.deepEqual([accepted.status, view.parse(accepted.body).direction], [200, 'incoming']);
    assert.deepEqual([await others(0, ''), await others(1, '')], [[idOf(1)], [idOf(0)]]);
    assert.equal(await isConnectedTo(idOf(1), idOf(0)), true);
    assert.deepEqual(await connectedIds(idOf(0)), [idOf(1)]);
    const heard = await Events.native().find({}).sort({ time: 1 }).toArray();
    assert.deepEqual(
      heard.map(({ type, audience }) => [type, audience.toSorted()]),
      ['connection.requested', 'connection.accepted'].map((type) => [
        type,
        [`user.${idOf(0)}`, `user.${idOf(1)}`].toSorted(),
      ]),
    );
  });

  it('lets the right one accept, decline, withdraw and remove, and lets people ask again', async () => {
    assert.equal((await ask(0, 1)).status, 201);
    for (const [who, other, verb] of [
      [0, 1, 'accept'],
      [0, 1, 'decline'],
      [1, 0, 'withdraw'],
      [1, 0, 'remove'],
    ] as const) {
      const reply = await act(who, other, verb);
      assert.deepEqual([reply.status, code(reply)], [409, 'user.connection-not-now'], verb);
    }
    assert.equal(code(await ask(0, 1)), 'user.connection-not-now');
    assert.equal((await act(1, 0, 'decline')).status, 200);
    assert.equal((await ask(0, 1, { note: 'Please' })).status, 201);
    assert.equal((await act(0, 1, 'withdraw')).status, 200);
    const again = view.parse((await ask(1, 0)).body);
    assert.deepEqual([again.direction, again.note], ['outgoing', undefined]);
    assert.equal((await act(0, 1, 'accept')).status, 200);
    assert.equal((await act(0, 1, 'remove')).status, 200);
    assert.deepEqual([await others(1, ''), await others(1, '?state=removed')], [[], [idOf(0)]]);
  });

  it('connects two who have asked each other', async () => {
    assert.equal((await ask(0, 1)).status, 201);
    const second = await ask(1, 0);
    assert.deepEqual([second.status, view.parse(second.body).state], [200, 'connected']);
  });

  it('makes one connection of two who ask at the same moment', async () => {
    for (let round = 0; round < 5; round += 1) {
      await connections().deleteMany({});
      const replies = await Promise.all([ask(0, 1), ask(1, 0), ask(0, 1), ask(1, 0)]);
      assert.equal(await connections().countDocuments({}), 1);
      assert.equal((await connections().findOne({}))?.['state'], 'connected');
      assert.deepEqual(
        replies.map(({ status }) => status).toSorted((a, b) => a - b),
        [200, 201, 409, 409],
      );
    }
  });

  it('gives the answer to a repeat under the same key again, after it was declined too', async () => {
    const once = async (): Promise<Reply> =>
      await server.call('POST', `/api/users/${idOf(1)}/connections`, {
        token: people[0].accessToken,
        body: {},
        headers: { 'Idempotency-Key': 'ask-once' },
      });
    const first = await once();
    await act(1, 0, 'decline');
    const second = await once();
    assert.deepEqual([second.status, second.body], [201, first.body]);
    assert.deepEqual(await others(0, '?state=pending'), []);
  });

  it('refuses oneself, nobody, foreign connections, odd bodies and strangers', async () => {
    assert.deepEqual([(await ask(0, 0)).status, code(await ask(0, 0))], [422, 'user.not-with-yourself']);
    assert.equal(code(await call(0, 'POST', `${newId()}/connections`, {})), 'user.not-found');
    await ask(0, 1);
    const foreign = await call(2, 'POST', `connections/${pairOf(idOf(0), idOf(1))}/accept`);
    assert.deepEqual([foreign.status, code(foreign)], [404, 'user.connection-not-found']);
    assert.equal(code(await act(2, 0, 'accept')), 'user.connection-not-found');
    assert.equal((await call(0, 'POST', 'connections/no-pair/accept')).status, 422);
    for (const body of [{ note: '' }, { note: 'x'.repeat(501) }, { note: 'a\u0000b' }, { state: 'connected' }, []]) {
      assert.equal((await ask(0, 2, body)).status, 422, JSON.stringify(body).slice(0, 40));
    }
    assert.equal((await server.call('POST', `/api/users/${idOf(1)}/connections`, { body: {} })).status, 401);
    assert.equal(code(await call(2, 'GET', `${idOf(0)}/connections`)), 'user.not-found');
    const { accessToken: token } = await logInAdmin(server);
    const read = await server.call('GET', `/api/users/${idOf(0)}/connections?state=pending`, { token });
    assert.equal(page.parse(read.body).data.length, 1);
  });

  it('walks through pages, and binds a cursor to its list', async () => {
    await ask(0, 1);
    await ask(2, 0);
    const first = await list(0, '?state=pending&limit=1');
    assert.deepEqual([first.data[0]?.user.id, first.page.hasMore], [idOf(2), true]);
    const cursor = first.page.nextCursor ?? '';
    const second = await list(0, `?state=pending&limit=1&cursor=${cursor}`);
    assert.deepEqual([second.data[0]?.user.id, second.page], [idOf(1), { nextCursor: null, hasMore: false }]);
    for (const [who, query] of [
      [0, 'state=removed'],
      [0, 'state=pending&direction=incoming'],
      [1, 'state=pending'],
    ] as const) {
      const reply = await call(who, 'GET', `${idOf(who)}/connections?${query}&cursor=${cursor}`);
      assert.equal(code(reply), 'request.invalid', query);
    }
  });

  describe('blocks', () => {
    const block = async (who: Who, other: Who): Promise<number> =>
      (await call(who, 'POST', `${idOf(other)}/block`)).status;
    const unblock = async (who: Who, other: Who): Promise<number> =>
      (await call(who, 'DELETE', `${idOf(other)}/block`)).status;

    it('end a connection, and make the blocked one ask nobody', async () => {
      await ask(0, 1);
      await act(1, 0, 'accept');
      assert.deepEqual([await block(0, 1), await block(0, 1)], [204, 204]);
      assert.equal(await isConnectedTo(idOf(0), idOf(1)), false);
      assert.equal(await blockedBetween(idOf(1), idOf(0)), true);
      for (const state of ['connected', 'removed', 'pending']) {
        assert.deepEqual([await others(0, `?state=${state}`), await others(1, `?state=${state}`)], [[], []], state);
      }
      const nobody = await call(1, 'POST', `${newId()}/connections`, {});
      const refused = await ask(1, 0);
      assert.deepEqual([refused.status, code(refused)], [nobody.status, code(nobody)]);
      assert.equal(code(await act(1, 0, 'remove')), 'user.connection-not-found');
      assert.equal(await block(1, 0), 404);
      assert.equal(code(await ask(0, 1)), 'user.connection-not-now');
    });

    it('hide what other services show of a person', async () => {
      const xpOf = async (who: Who, other: Who): Promise<number> => {
        const token = people[who].accessToken;
        return (await server.call('GET', `/api/gamification/xp/${idOf(other)}`, { token })).status;
      };
      assert.deepEqual([await xpOf(0, 1), await xpOf(1, 0)], [200, 200]);
      await block(0, 1);
      assert.deepEqual([await xpOf(0, 1), await xpOf(1, 0), await xpOf(1, 1), await xpOf(2, 0)], [404, 404, 200, 200]);
    });

    it('are listed for who placed them, and for nobody else', async () => {
      await block(0, 1);
      const lists = z.object({ data: z.array(z.strictObject({ user: z.unknown(), since: z.iso.datetime() })) });
      const mine = lists.parse((await call(0, 'GET', `${idOf(0)}/blocks`)).body).data;
      assert.deepEqual(
        mine.map(({ user }) => user),
        [{ id: idOf(1), name: 'Bob' }],
      );
      assert.deepEqual(lists.parse((await call(1, 'GET', `${idOf(1)}/blocks`)).body).data, []);
      assert.equal((await call(1, 'GET', `${idOf(0)}/blocks`)).status, 404);
      const heard = await Events.native().find({ type: 'connection.blocked' }).toArray();
      assert.deepEqual(
        heard.map(({ audience }) => audience),
        [[`user.${idOf(0)}`]],
      );
    });

    it('leave nothing behind when they are lifted, but what they ended stays ended', async () => {
      await ask(0, 1);
      await block(1, 0);
      assert.equal(code(await act(1, 0, 'accept')), 'user.connection-not-found');
      assert.deepEqual([await unblock(1, 0), await unblock(1, 0)], [204, 204]);
      assert.deepEqual(await others(0, '?state=pending'), []);
      assert.equal((await ask(0, 1)).status, 201);
      assert.equal(await block(0, 0), 422);
    });
  });

  it('is what a model of three people says, whatever they do', async () => {
    const acts = fc.array(
      fc.record({
        by: fc.constantFrom<Who>(0, 1, 2),
        step: fc.constantFrom(1, 2),
        verb: fc.constantFrom(...verbs),
      }),
      { minLength: 5, maxLength: 25 },
    );
    await fc.assert(
      fc
        .asyncProperty(acts, async (steps) => {
          const model = new Map<string, PairModel>();
          for (const { by, step, verb } of steps) {
            const other = ((by + step) % 3) as Who;
            const id = pairOf(idOf(by), idOf(other));
            const pair = model.get(id) ?? { state: 'none', asker: null, blocker: null };
            model.set(id, pair);
            const reply =
              verb === 'ask'
                ? await ask(by, other)
                : verb === 'block' || verb === 'unblock'
                  ? await call(by, verb === 'block' ? 'POST' : 'DELETE', `${idOf(other)}/block`)
                  : await act(by, other, verb);
            assert.equal(reply.status, expected(pair, verb, by), `${verb} by ${by} of ${other}: ${reply.text}`);
          }
          for (const [one, other] of [
            [0, 1],
            [1, 2],
            [0, 2],
          ] as const) {
            const pair = model.get(pairOf(idOf(one), idOf(other)));
            const connected = pair?.state === 'connected' && pair.blocker === null;
            assert.equal(await isConnectedTo(idOf(one), idOf(other)), connected);
            assert.equal((await others(one, '')).includes(idOf(other)), connected);
            assert.equal(await blockedBetween(idOf(one), idOf(other)), (pair?.blocker ?? null) !== null);
          }
        })
        .beforeEach(async () => void (await connections().deleteMany({}))),
      { numRuns: 15, ...(process.env['SEED'] === undefined ? {} : { seed: Number(process.env['SEED']) }) },
    );
  });
});
