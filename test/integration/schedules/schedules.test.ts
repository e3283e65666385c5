// Schedules over HTTP on real MongoDB and Redis: who may set them, what they take, when they fire, and the board.
import assert from 'node:assert/strict';
import { operations } from '#src/platform/commands/operations.ts';
import type { Owner } from '#src/platform/commands/owner.ts';
import { producerOf } from '#src/platform/commands/queues.ts';
import { Work, shardsOf } from '#src/platform/commands/work.ts';
import { Events } from '#src/platform/events/event.ts';
import { newId } from '#src/platform/ids.ts';
import { schedulePage, scheduleWithRuns } from '#src/platform/schedules/schedule.schema.ts';
import { scheduleShard, Schedules } from '#src/platform/schedules/schedule.ts';
import { schedulesOver } from '#src/platform/schedules/service.ts';
import { fireDueSchedules } from '#src/platform/schedules/sweep.ts';
import { authService } from '#src/services/auth/index.ts';
import { gamificationService } from '#src/services/gamification/index.ts';
import { userService } from '#src/services/user/index.ts';
import { operationsWorker } from '#workers/operations.worker.ts';
import { logInAdmin, registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { eventually } from '../../support/eventually.ts';
import { problemOf, startServer, type Reply, type TestServer } from '../../support/http.ts';

const yearly = { cron: '0 0 1 1 *', timeZone: 'Europe/Berlin', kind: 'operations.heartbeat' };

describe('schedules', function () {
  this.timeout(20_000);
  let server: TestServer;
  let owner: Owner;
  let admin: LoggedIn;

  before(async () => {
    const services = [userService, authService, gamificationService];
    server = await startServer([...services, operations, schedulesOver(services)]);
    owner = operationsWorker(server.registry);
    owner.start();
    admin = await logInAdmin(server);
  });
  after(async () => {
    await owner.stop();
    await server.close();
  });

  const ask = async (method: string, path: string, body?: unknown, headers = {}): Promise<Reply> =>
    await server.call(method, path, { token: admin.accessToken, headers, ...(body === undefined ? {} : { body }) });
  const put = async (name: string, body: object, headers = {}): Promise<Reply> =>
    await ask('PUT', `/api/schedules/${name}`, body, headers);
  const named = (): string => `beat-${newId()}`;
  const beats = async (note: string): Promise<number> =>
    await Events.native().countDocuments({ type: 'operations.heartbeat', 'data.note': note });
  /** Makes a schedule and changes its row, past every door. */
  const dueSince = async (name: string, body: object, change: object): Promise<void> => {
    assert.equal((await put(name, { ...yearly, ...body, enabled: false })).status, 201);
    await Schedules.native().updateOne({ _id: name }, { $set: { ...change, enabled: true } });
  };
  const fired = async (name: string): Promise<string[]> =>
    (await Events.native().find({ type: 'schedule.fired', 'data.name': name }).sort({ _id: 1 }).toArray()).map(
      ({ data }) => String(data['dueAt']),
    );

  it('are made, read, replaced under If-Match, listed and removed', async () => {
    const name = named();
    const made = await put(name, { ...yearly, input: { note: name } });
    assert.equal(made.status, 201);
    assert.equal(made.headers.get('etag'), '"1"');
    const view = scheduleWithRuns.parse((await ask('GET', `/api/schedules/${name}`)).body);
    assert.deepEqual([view.missed, view.enabled, view.savedBy, view.runs], ['skip', true, admin.user.id, []]);
    assert.match(view.nextAt ?? '', /-12-31T23:00:00\.000Z$/u);
    const changed = await put(name, { ...yearly, missed: 'all' }, { 'if-match': '"1"' });
    assert.deepEqual([changed.status, changed.headers.get('etag')], [200, '"2"']);
    for (const tag of ['"1"', 'x']) {
      const late = await put(name, yearly, { 'if-match': tag });
      assert.equal(problemOf(late).code, 'request.precondition-failed');
    }
    const absent = await put(named(), yearly, { 'if-match': '"1"' });
    assert.equal(absent.status, 412);
    const page = schedulePage.parse((await ask('GET', '/api/schedules?limit=100')).body);
    assert.ok(page.data.some((each) => each.name === name));
    assert.equal((await ask('DELETE', `/api/schedules/${name}`)).status, 200);
    assert.equal(problemOf(await ask('GET', `/api/schedules/${name}`)).code, 'schedule.unknown');
    assert.equal((await ask('DELETE', `/api/schedules/${name}`)).status, 404);
    assert.equal((await put(name, yearly)).status, 201);
    const told = await Events.native()
      .find({ subject: `schedule.${name}` })
      .sort({ _id: 1 })
      .toArray();
    assert.deepEqual(
      told.map(({ type, actor }) => `${type} ${actor === admin.user.id}`),
      ['saved', 'saved', 'removed', 'saved'].map((what) => `schedule.${what} true`),
    );
  });

  it('take only commands that say they may be scheduled, with an input these accept', async () => {
    const name = named();
    for (const [body, code] of [
      [{ ...yearly, kind: 'gamification.xp.add' }, 'schedule.kind-not-schedulable'],
      [{ ...yearly, kind: 'no.such' }, 'schedule.kind-not-schedulable'],
      [{ ...yearly, input: { note: 5 } }, 'request.invalid'],
      [{ ...yearly, input: { other: 'x' } }, 'request.invalid'],
      [{ ...yearly, cron: '61 * * * *' }, 'request.invalid'],
      [{ ...yearly, timeZone: 'Mars/Olympus' }, 'request.invalid'],
      [{ ...yearly, missed: 'maybe' }, 'request.invalid'],
    ] as const) {
      const reply = await put(name, body);
      assert.deepEqual([reply.status, problemOf(reply).code], [422, code], JSON.stringify(body));
    }
    assert.equal(await Schedules.native().countDocuments({ _id: name }), 0);
  });

  it('are for those with the permission alone', async () => {
    const { accessToken: token } = await registerSomebody(server);
    const name = named();
    const calls = [
      ['GET', '/api/schedules', undefined],
      ['GET', `/api/schedules/${name}`, undefined],
      ['PUT', `/api/schedules/${name}`, yearly],
      ['DELETE', `/api/schedules/${name}`, undefined],
      ['POST', `/api/schedules/${name}/run`, undefined],
    ] as const;
    for (const [method, path, body] of calls) {
      const asked = { token, ...(body ? { body } : {}) };
      assert.equal((await server.call(method, path, asked)).status, 403, `${method} ${path}`);
      assert.equal((await server.call(method, path, body ? { body } : {})).status, 401, `${method} ${path}`);
    }
  });

  it('fire when they are due, once, however many sweep', async () => {
    const name = named();
    const body = { ...yearly, input: { note: name } };
    const nextAt = new Date(Math.floor(Date.now() / 1_000) * 1_000 - 2_000);
    await put(name, { ...body, enabled: false });
    await owner.stop();
    await Schedules.native().updateOne({ _id: name }, { $set: { enabled: true, nextAt, cron: '* * * * * *' } });
    const shards = shardsOf('operations');
    const counts = await Promise.all(
      [1, 2, 3].map(async () => await fireDueSchedules(server.registry, shards, new Date())),
    );
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      1,
    );
    owner = operationsWorker(server.registry);
    owner.start();
    await eventually(async () => assert.ok((await beats(name)) >= 3));
    await put(name, { ...body, enabled: false });
    const dueTimes = await fired(name);
    const first = nextAt.getTime();
    assert.deepEqual(
      dueTimes,
      dueTimes.map((_, index) => new Date(first + index * 1_000).toISOString()),
    );
    await eventually(async () => assert.equal(await beats(name), dueTimes.length));
    const view = scheduleWithRuns.parse((await ask('GET', `/api/schedules/${name}`)).body);
    assert.equal(view.lastAt, dueTimes.at(-1));
    assert.deepEqual([view.runs[0]?.cause, view.runs[0]?.state], [`s.${name}.${dueTimes.at(-1)}`, 'done']);
    const run = await Work.native().findOne({ idempotencyKey: `s.${name}.${dueTimes[0]}` });
    assert.equal(run?.actor, 'system');
  });

  for (const [missed, expected] of [
    ['skip', 0],
    ['once', 1],
    ['all', 3],
  ] as const) {
    it(`make up for ${expected} of three runs that were missed, by the policy ${missed}`, async () => {
      const name = named();
      // Due at minutes 130, 70 and 10 before now: three were missed, and the next is to come.
      const nextAt = new Date(Date.now() - 130 * 60_000);
      nextAt.setUTCSeconds(0, 0);
      const cron = `${nextAt.getUTCMinutes()} * * * *`;
      await dueSince(name, { missed, input: { note: name } }, { nextAt, cron, timeZone: 'UTC' });
      const told = await eventually(async () => {
        const event = await Events.native().findOne({ type: 'schedule.missed', 'data.name': name });
        assert.ok(event);
        return event;
      });
      const since = nextAt.toISOString();
      assert.deepEqual(told.data, { name, since, policy: missed, missed: 3, madeUp: expected });
      await eventually(async () => assert.equal(await beats(name), expected));
      const after = await Schedules.native().findOne({ _id: name });
      assert.ok(after?.nextAt && after.nextAt.getTime() > Date.now());
    });
  }

  it('run at once when somebody asks, under an operation that can be followed', async () => {
    const name = named();
    await put(name, { ...yearly, input: { note: name } });
    const before = await Schedules.native().findOne({ _id: name });
    const key = { 'idempotency-key': newId() };
    const reply = await ask('POST', `/api/schedules/${name}/run`, undefined, key);
    assert.equal(reply.status, 201);
    await ask('POST', `/api/schedules/${name}/run`, undefined, key);
    const location = reply.headers.get('location') ?? '';
    await eventually(async () => {
      const operation = (await ask('GET', location)).body as { state: string };
      assert.equal(operation.state, 'done');
    });
    assert.equal(await beats(name), 1);
    assert.deepEqual((await Schedules.native().findOne({ _id: name }))?.nextAt, before?.nextAt);
    assert.equal((await ask('POST', `/api/schedules/${named()}/run`)).status, 404);
  });

  it('are switched off with a reason when their command is gone', async () => {
    const name = named();
    await dueSince(name, {}, { nextAt: new Date(), kind: 'gone.away' });
    const row = await eventually(async () => {
      const found = await Schedules.native().findOne({ _id: name, enabled: false });
      assert.ok(found);
      return found;
    });
    assert.deepEqual([row.nextAt, row.error], [null, 'The command gone.away cannot be scheduled any more']);
  });

  it('have job schedulers on the board: vanished ones come back, strays go', async () => {
    const name = named();
    await put(name, yearly);
    const queue = producerOf(scheduleShard(name));
    assert.ok(queue);
    const names = async (): Promise<string[]> => (await queue.getJobSchedulers()).map(({ key }) => key);
    const there = async (): Promise<void> => assert.ok((await names()).includes(name));
    await eventually(there, 8_000);
    const scheduler = await queue.getJobScheduler(name);
    assert.deepEqual([scheduler?.pattern, scheduler?.tz], [yearly.cron, yearly.timeZone]);
    await queue.removeJobScheduler(name);
    await queue.upsertJobScheduler('stray', { pattern: '0 0 1 1 *' });
    await eventually(async () => {
      await there();
      assert.ok(!(await names()).includes('stray'));
    }, 8_000);
    await ask('DELETE', `/api/schedules/${name}`);
    await eventually(async () => assert.ok(!(await names()).includes(name)), 8_000);
  });
});
