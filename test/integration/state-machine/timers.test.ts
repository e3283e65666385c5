// Timers of machines on real MongoDB: due ones become work, the work lets them go off, once.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import type { Owner } from '#src/platform/commands/owner.ts';
import { shardsOf, Work } from '#src/platform/commands/work.ts';
import { Events } from '#src/platform/events/event.ts';
import { newId } from '#src/platform/ids.ts';
import { MachineInstances, Timers } from '#src/platform/machines/store.ts';
import { fireDueTimers, nextDue } from '#src/platform/machines/timers.ts';
import { authService } from '#src/services/auth/index.ts';
import { stateMachineService } from '#src/services/state-machine/index.ts';
import { userService } from '#src/services/user/index.ts';
import { machinesWorker } from '#workers/machines.worker.ts';
import { logInAdmin, type LoggedIn } from '../../support/accounts.ts';
import { eventually } from '../../support/eventually.ts';
import { startServer, type TestServer } from '../../support/http.ts';

describe('timers of state machines', function () {
  this.timeout(20_000);
  let server: TestServer;
  let owner: Owner;
  let admin: LoggedIn;

  before(async () => {
    server = await startServer([userService, authService, stateMachineService]);
    owner = machinesWorker(server.registry);
    owner.start();
    admin = await logInAdmin(server);
  });
  after(async () => {
    await owner.stop();
    await server.close();
  });

  const made = async (): Promise<string> => {
    const id = newId();
    const body = { type: 'onboarding', id };
    const reply = await server.call('POST', '/api/state-machines/create', { token: admin.accessToken, body });
    assert.equal(reply.status, 201);
    return id;
  };
  const overdue = async (id: string, sendId: string): Promise<void> => {
    const moved = await Timers.native().updateOne(
      { instance: `onboarding.${id}`, sendId, state: 'armed' },
      { $set: { dueAt: new Date(Date.now() - 1_000) } },
    );
    assert.equal(moved.modifiedCount, 1);
  };

  it('go off by themselves, once, and in the order they were due', async () => {
    const id = await made();
    await overdue(id, 'reminder');
    await eventually(async () => {
      assert.ok(await Events.native().findOne({ type: 'onboarding.reminded', 'data.userId': id }));
    });
    await overdue(id, 'after.patience.onboarding.registered');
    await eventually(async () => {
      assert.equal((await MachineInstances.native().findOne({ _id: `onboarding.${id}` }))?.value, 'dormant');
    });
    const timers = await Timers.native()
      .find({ instance: `onboarding.${id}` })
      .toArray();
    assert.deepEqual(
      timers.map(({ state, firedAt, expireAt }) => [state, firedAt instanceof Date, expireAt instanceof Date]),
      [
        ['fired', true, true],
        ['fired', true, true],
      ],
    );
    assert.equal(await Events.native().countDocuments({ type: 'onboarding.reminded', 'data.userId': id }), 1);
  });

  it('become one row each, however often and by how many they are found', async () => {
    await Promise.all([made(), made(), made()]);
    await owner.drained();
    await owner.stop();
    const shards = shardsOf('machines');
    const armed = await Timers.native().find({ state: 'armed', sendId: 'reminder' }).toArray();
    const due = armed.map((timer, index) => ({ ...timer, dueAt: new Date(Date.now() - 10_000 + index * 1_000) }));
    await Promise.all(due.map(async (timer) => await Timers.native().replaceOne({ _id: timer._id }, timer)));
    assert.ok(due.length > 1);
    assert.deepEqual(await nextDue(shards), due[0]?.dueAt);
    const now = new Date();
    const counts = await Promise.all([1, 2, 3].map(async () => await fireDueTimers(server.registry, shards, now)));
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      due.length,
    );
    assert.equal(await fireDueTimers(server.registry, shards, now), 0);
    const rows = await Work.native()
      .find({ kind: 'state-machine.timer.fire', state: 'new' })
      .sort({ _id: 1 })
      .toArray();
    assert.deepEqual(
      new Set(rows.map(({ idempotencyKey }) => idempotencyKey)),
      new Set(due.map(({ _id }) => `t.${_id}`)),
    );
    assert.ok(rows.every((row) => due.some((timer) => timer.requestId === row.requestId && timer.shard === row.shard)));
    owner = machinesWorker(server.registry);
    owner.start();
    await eventually(async () => {
      assert.equal(
        await Timers.native().countDocuments({ _id: { $in: due.map(({ _id }) => _id) }, state: 'fired' }),
        due.length,
      );
    });
    assert.equal(await Work.native().countDocuments({ kind: 'state-machine.timer.fire', state: { $ne: 'done' } }), 0);
  });

  it('are made work five hundred at a time, past those that wait for their row to be done', async () => {
    await owner.stop();
    const shards = shardsOf('machines');
    const [shard = ''] = shards;
    const trigger = { kind: 'raise', event: { type: 'NOTHING' } } as const;
    const timers = Array.from({ length: 510 }, (_, index) => ({
      _id: `none.x-0-${index}`,
      instance: 'none.x',
      sendId: 'x',
      trigger,
      // Many at one moment, so that a page ends among equals.
      dueAt: new Date(Date.now() - 60_000 + Math.floor(index / 100)),
      state: 'armed' as const,
      shard,
      requestId: 'r',
    }));
    await Timers.native().insertMany(timers);
    const due = async (): Promise<number> => await fireDueTimers(server.registry, shards, new Date());
    assert.deepEqual([await due(), await due(), await due()], [500, 10, 0]);
    owner = machinesWorker(server.registry);
    owner.start();
    await eventually(async () => {
      assert.equal(await Timers.native().countDocuments({ instance: 'none.x', state: 'fired' }), 510);
    });
  });

  it('are found by an index of the armed ones alone', async () => {
    const query = { state: 'armed', shard: { $in: shardsOf('machines') }, dueAt: { $lte: new Date() } } as const;
    const plan = JSON.stringify(
      await Timers.native().find(query).sort({ dueAt: 1, _id: 1 }).limit(500).explain('queryPlanner'),
    );
    assert.match(plan, /"winningPlan".*SORT_MERGE.*"isPartial":true/u);
    assert.doesNotMatch(plan, /COLLSCAN/u);
  });
});
