// Walks the router: every route, asked by its owner, a stranger, a member, somebody blocked, a moderator, an admin and
// without a token, must answer as its scope says; and no list shows what the single read hides. What a route needs to be
// asked about something stands in test/support/scopes.ts.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { z } from 'zod';
import { buildRegistry } from '#src/app.ts';
import { workOwner } from '#src/platform/commands/drain-work.ts';
import type { Owner } from '#src/platform/commands/owner.ts';
import type { Route, Scope } from '#src/platform/http/route.ts';
import { effectsWorker } from '#workers/effects.worker.ts';
import { logInAdmin, registerSomebody } from '../../support/accounts.ts';
import { startServer, type Reply, type TestServer } from '../../support/http.ts';
import { actors, type Actor, type Answer, type Made, type World } from '../../support/scope-types.ts';
import { fixtures, lists, ties } from '../../support/scopes.ts';

const registry = buildRegistry();
const nameOf = ({ method, path }: Route): string => `${method} ${path}`;
const isList = ({ method, path, output }: Route): boolean =>
  method === 'get' && !path.includes(':') && output instanceof z.ZodObject && 'page' in output.shape;

/** What a thing's owner and the others get. What a moderator or an admin gets is said by fixtures. */
const byScope: Partial<Record<Scope, Partial<Record<Actor, Answer>>>> = {
  owner: { owner: 'ok', stranger: 404, member: 404, blocked: 404, nobody: 401 },
  member: { owner: 'ok', stranger: 404, member: 'ok', blocked: 404, nobody: 401 },
  visible: { owner: 'ok', stranger: 'ok', member: 'ok', blocked: 'ok', nobody: 401 },
};

/** Those who get no more than a no come first, so that there is still something to ask for. */
const order: readonly (readonly Actor[])[] = [
  ['nobody', 'stranger', 'blocked', 'member'],
  ['owner'],
  ['moderator'],
  ['admin'],
];

describe('the scope of every route', function () {
  this.timeout(30_000);
  let server: TestServer;
  let owners: readonly Owner[];
  let world: World;

  before(async () => {
    server = await startServer(registry.services);
    owners = (['machines', 'operations', 'gamification', 'effects'] as const).map((pool) =>
      pool === 'effects' ? effectsWorker(server.registry) : workOwner(server.registry, pool),
    );
    owners.forEach((owner) => owner.start());
    const admin = await logInAdmin(server);
    const [owner, stranger, member, blocked, moderator] = [
      await registerSomebody(server, 'Owner'),
      await registerSomebody(server, 'Stranger'),
      await registerSomebody(server, 'Member'),
      await registerSomebody(server, 'Blocked'),
      await registerSomebody(server, 'Moderator'),
    ];
    const people = { owner, stranger, member, blocked, moderator, admin };
    const body = { roles: ['user', 'moderator'] };
    const path = `/api/users/${moderator.user.id}/roles`;
    assert.equal((await server.call('PUT', path, { token: admin.accessToken, body })).status, 200);
    world = {
      people,
      call: async (actor, method, where, call = {}) =>
        await server.call(method, where, {
          ...call,
          ...(actor === 'nobody' ? {} : { token: people[actor].accessToken }),
        }),
    };
    for (const tie of ties) {
      await tie(world);
    }
  });
  after(async () => {
    await Promise.all(owners.map(async (owner) => await owner.stop()));
    await server.close();
  });

  const ask = async (actor: Actor, { method, path }: Route, made: Made): Promise<Reply> => {
    const where = path.replaceAll(/:(\w+)/gu, (_, param: string) => encodeURIComponent(made.params[param] ?? 'none'));
    const { body, headers } = made;
    return await world.call(actor, method.toUpperCase(), `${where}${made.query ?? ''}`, {
      ...(body === undefined ? {} : { body }),
      ...(headers ? { headers: { ...headers } } : {}),
    });
  };
  const holds = (reply: Reply, wanted: Answer | undefined, who: string): void => {
    const { status } = reply;
    const right =
      wanted === undefined
        ? status < 500 && status !== 401
        : wanted === 'ok'
          ? status >= 200 && status < 300
          : status === wanted;
    assert.ok(right, `${who} got ${status} instead of ${wanted ?? 'an answer'}: ${reply.text.slice(0, 300)}`);
  };

  for (const route of registry.routes) {
    const name = nameOf(route);
    const { scope, path } = route;
    if (scope === 'public') {
      it(`${name} (public) asks nobody for a token`, async () => {
        const { status } = await ask('nobody', route, { params: {} });
        assert.ok(status !== 401 && status !== 403 && status < 500, String(status));
      });
    } else if (scope === 'self') {
      it(`${name} (self) wants a token`, async () => {
        holds(await ask('nobody', route, { params: {} }), 401, 'nobody');
      });
    } else if (scope === 'role') {
      it(`${name} (role) is refused to everybody without the permission`, async () => {
        holds(await ask('nobody', route, { params: {} }), 401, 'nobody');
        for (const actor of ['owner', 'stranger', 'member', 'blocked'] as const) {
          holds(await ask(actor, route, { params: {} }), 403, actor);
        }
        const { status } = await ask('admin', route, { params: {} });
        assert.ok(status !== 401 && status !== 403 && status < 500, `admin got ${status}`);
      });
    } else if (path.includes(':') || !isList(route)) {
      it(`${name} (${scope}) answers everybody as their part in it is`, async () => {
        const fixture = fixtures[name];
        assert.ok(fixture, `${name} has no fixture: say in test/support/scopes.ts how its owner makes the thing`);
        const wanted = { ...byScope[scope], ...fixture.answers };
        for (const group of order) {
          const made = await fixture.make(world);
          for (const actor of group) {
            holds(await ask(actor, route, made), wanted[actor], actor);
          }
        }
      });
    }
    if (isList(route) && scope === 'visible') {
      it(`${name} (${scope}) lists nothing that the single read hides`, async () => {
        const list = lists[name];
        assert.ok(list, `${name} has no single read: name it among the lists of test/support/scopes.ts`);
        const single = registry.routes.find((each) => nameOf(each) === list.single);
        assert.ok(single, `${name} names the single read ${list.single}, which is no route`);
        holds(await ask('nobody', route, { params: {} }), 401, 'nobody');
        for (const actor of actors.filter((each) => each !== 'nobody')) {
          const reply = await ask(actor, route, { params: {}, query: '?limit=100' });
          holds(reply, 'ok', actor);
          for (const item of (reply.body as { data: Record<string, unknown>[] }).data) {
            const one = await ask(actor, single, { params: list.params(item) });
            holds(one, 'ok', `${actor}, shown ${JSON.stringify(item)} in the list,`);
            const shown = one.body as Record<string, unknown>;
            const compared: readonly string[] = list.members ?? Object.keys(item);
            for (const key of compared) {
              assert.deepEqual(item[key], shown[key], `${actor} is shown ${key} in the list, not in the single read`);
            }
          }
        }
      });
    }
  }

  it('has no fixture for a route that is gone', () => {
    const names = new Set(registry.routes.map(nameOf));
    assert.deepEqual(
      [...Object.keys(fixtures), ...Object.keys(lists)].filter((name) => !names.has(name)),
      [],
    );
  });
});
