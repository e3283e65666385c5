// The matrix of docs/permissions.md, cell by cell over HTTP: each initial role is let in by every route and every probe of
// the permissions it has, and refused by those of the others.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { buildRegistry } from '#src/app.ts';
import { initialRoles, permissions, type Permission } from '#src/platform/auth/permissions.ts';
import { workOwner } from '#src/platform/commands/drain-work.ts';
import type { Owner } from '#src/platform/commands/owner.ts';
import { logIn } from '../../support/accounts.ts';
import { startBoard, type BoardServer } from '../../support/board.ts';
import { eventually } from '../../support/eventually.ts';
import { probes, type Asker } from '../../support/probes.ts';

const registry = buildRegistry();
const names = Object.keys(permissions) as Permission[];
const routesOf = (permission: Permission): typeof registry.routes =>
  registry.routes.filter(({ auth }) => typeof auth === 'object' && auth.permission === permission);

describe('the matrix of permissions', function () {
  this.timeout(30_000);
  let board: BoardServer;
  let owners: readonly Owner[];
  let there: Pick<Asker, 'other' | 'requestId'>;

  before(async () => {
    board = await startBoard(registry.services);
    owners = (['machines', 'operations', 'gamification'] as const).map((pool) =>
      workOwner(board.server.registry, pool),
    );
    owners.forEach((owner) => owner.start());
    const token = board.admin.accessToken;
    const requestId = `matrix-${Date.now()}`;
    const made = await board.server.call('POST', '/api/users/create', {
      token,
      headers: { 'x-request-id': requestId },
      body: { email: 'other@example.test', name: 'Other' },
    });
    there = { other: (made.body as { id: string }).id, requestId };
    await eventually(async () => {
      const path = `/api/state-machines/onboarding/${there.other}/state`;
      assert.equal((await board.server.call('GET', path, { token })).status, 200);
    });
  });
  after(async () => {
    await Promise.all(owners.map(async (owner) => await owner.stop()));
    await board.close();
  });

  const letsIn = async ({ who }: Asker, { method, path }: (typeof registry.routes)[number]): Promise<boolean> => {
    // Nothing is named and no body is sent: whoever is let in gets no further, and nothing happens.
    const where = path.replaceAll(/:\w+/gu, 'none');
    const { status } = await board.server.call(method.toUpperCase(), where, { token: who.accessToken });
    assert.ok(status !== 401 && status < 500, `${method} ${where}: ${status}`);
    return status !== 403;
  };

  it('has a question for every permission: a route, or a probe in test/support/probes.ts', () => {
    const unasked = names.filter((name) => routesOf(name).length === 0 && probes[name] === undefined);
    assert.deepEqual(unasked, []);
    const asked = names.filter((name) => routesOf(name).length > 0 && probes[name] === null);
    assert.deepEqual(asked, [], 'a route asks for it now: its probe of null is out of date');
  });

  for (const [role, granted] of Object.entries(initialRoles)) {
    it(`lets ${role} in where it may, and nowhere else`, async () => {
      const email = role === 'admin' ? 'admin@example.test' : await board.person(role === 'user' ? 'user' : role);
      const asker: Asker = { board, who: await logIn(board.server, email), cookie: await board.logIn(email), ...there };
      for (const permission of names) {
        const may = granted.includes(permission);
        for (const route of routesOf(permission)) {
          const cell = `${role} at ${route.method} ${route.path} (${permission})`;
          assert.equal(await letsIn(asker, route), may, cell);
        }
        const probe = probes[permission];
        if (probe) {
          assert.equal(await probe(asker), may, `${role} with ${permission}`);
        }
      }
    });
  }
});
