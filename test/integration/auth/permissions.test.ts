// Roles: what seeding leaves alone, what admins always have, and how soon an edit counts.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { initialRoles, permissions, Roles, roleSeed } from '#src/platform/auth/permissions.ts';
import { permissionsOf, unknownRoles } from '#src/platform/auth/rights.ts';
import { eventually } from '../../support/eventually.ts';
import { startServer, type TestServer } from '../../support/http.ts';

describe('permissions', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer([]);
  });
  after(async () => await server.close());

  it('begin with the initial roles', async () => {
    for (const [role, granted] of Object.entries(initialRoles)) {
      assert.deepEqual([...(await permissionsOf([role]))].sort(), [...granted].sort(), role);
    }
  });

  it('of several roles add up; of nobody and of unknown roles there are none', async () => {
    const both = await permissionsOf(['legal', 'service']);
    assert.deepEqual([both.has('user.read.any'), both.has('xp.grant'), both.has('user.create')], [true, true, false]);
    assert.equal((await permissionsOf([])).size, 0);
    assert.equal((await permissionsOf(['emperor', '__proto__', 'constructor'])).size, 0);
    assert.deepEqual(await unknownRoles(['user', 'emperor']), ['emperor']);
  });

  it('keep edits when they are seeded again, count them within seconds, and leave admins all', async () => {
    await Roles.native().updateOne({ _id: 'moderator' }, { $set: { permissions: ['xp.grant'] }, $inc: { rev: 1 } });
    await Roles.native().updateOne({ _id: 'admin' }, { $set: { permissions: [] }, $inc: { rev: 1 } });
    await roleSeed.sow();
    await eventually(async () => assert.deepEqual([...(await permissionsOf(['moderator']))], ['xp.grant']), 7_000);
    assert.deepEqual([...(await permissionsOf(['admin']))].sort(), Object.keys(permissions).sort());
  }).timeout(10_000);

  it('that are new reach roles of before once, and do not come back when an admin takes them', async () => {
    const permissionsIn = async (): Promise<string[]> => [
      ...((await Roles.native().findOne({ _id: 'auditor' }))?.permissions ?? []),
    ];
    // As a version wrote it that knew neither offers nor `role.read`, with an edit of an admin.
    await Roles.native().replaceOne({ _id: 'auditor' }, { permissions: ['audit.read'], rev: 3 });
    await roleSeed.sow();
    assert.deepEqual(await permissionsIn(), ['audit.read', 'role.read']);
    await Roles.native().updateOne({ _id: 'auditor' }, { $set: { permissions: ['audit.read'] } });
    await roleSeed.sow();
    assert.deepEqual(await permissionsIn(), ['audit.read']);
    // What a later version brings is what the role was not offered yet.
    await Roles.native().updateOne({ _id: 'auditor' }, { $pull: { offered: 'trace.read' } });
    await roleSeed.sow();
    assert.deepEqual(await permissionsIn(), ['audit.read', 'trace.read']);
  });

  it('of roles that are new are found at once', async () => {
    await Roles.native().insertOne({ _id: 'guide', permissions: ['feed.read.any'], rev: 0 });
    assert.deepEqual(await unknownRoles(['guide']), []);
    assert.equal((await permissionsOf(['guide'])).has('feed.read.any'), true);
  });
});
