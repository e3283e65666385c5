// The board of queues over HTTP: what it shows of jobs, what it lets people do, what is written down of it, and that
// nothing they do there stops, loses or makes work.
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import type { Job, Queue } from 'bullmq';
import { after, before, beforeEach, describe, it } from 'mocha';
import { z } from 'zod';
import { createBoard } from '#src/platform/admin/queue-board.ts';
import { workOwner } from '#src/platform/commands/drain-work.ts';
import type { Owner } from '#src/platform/commands/owner.ts';
import type { WakeJob } from '#src/platform/commands/queues.ts';
import { DeadLetters, Work } from '#src/platform/commands/work.ts';
import { unavailable } from '#src/platform/errors.ts';
import { Events } from '#src/platform/events/event.ts';
import { checkPassword } from '#src/services/auth/index.ts';
import { registerSomebody } from '../../support/accounts.ts';
import { readActs, startBoard, type BoardServer, type Seen } from '../../support/board.ts';
import { eventually } from '../../support/eventually.ts';
import { listen } from '../../support/http.ts';

const api = '/admin/queues/api/queues';
const shard = 'gamification.3';
const quiet = 'machines.5';

const queueList = z.object({
  queues: z.array(
    z.object({
      name: z.string(),
      displayName: z.string(),
      description: z.string(),
      delimiter: z.string(),
      readOnlyMode: z.boolean(),
      jobs: z.array(z.object({ name: z.string(), data: z.unknown(), returnValue: z.unknown() })),
    }),
  ),
});

describe('the board of queues', function () {
  this.timeout(20_000);
  let board: BoardServer;
  let cookie: string;
  let auditor: string;
  let owner: Owner;

  before(async () => {
    board = await startBoard();
    cookie = await board.logIn('admin@example.test');
    auditor = await board.logIn(await board.person('auditor'));
    owner = workOwner(board.server.registry, 'gamification');
    owner.start();
  });
  after(async () => {
    await owner.stop();
    await board.close();
  });
  beforeEach(async () => {
    await Events.native().deleteMany({ type: 'admin.acted' });
  });

  const queueNamed = (name: string): Queue<WakeJob> => {
    const queue = board.queues.find((each) => each.name === name);
    assert.ok(queue, name);
    return queue;
  };
  const put = async (path: string, given: { cookie?: string; headers?: Record<string, string> } = {}): Promise<Seen> =>
    await board.script('PUT', `${api}/${path}`, { cookie, ...given });
  const waiting = async (name = quiet): Promise<Job<WakeJob>> =>
    await queueNamed(name).add('machine.event × 1', { rows: ['some-row'], requestIds: ['some-request'] });
  const written = async (): Promise<string[]> =>
    (await readActs(board)).data.toReversed().map(({ action, outcome }) => `${action} ${outcome}`);

  it('names every queue by its pool and what that does, and gives buttons to those who may', async () => {
    for (const [who, readOnly] of [
      [cookie, false],
      [auditor, true],
    ] as const) {
      const { queues } = queueList.parse(JSON.parse((await board.script('GET', api, { cookie: who })).text));
      assert.deepEqual(queues.map(({ name }) => name).toSorted(), board.queues.map(({ name }) => name).toSorted());
      assert.deepEqual([...new Set(queues.map((queue) => queue.readOnlyMode))], [readOnly]);
      const one = queues.find(({ name }) => name === shard);
      assert.deepEqual([one?.displayName, one?.delimiter], ['gamification · shard 3', '.']);
      assert.match(one?.description ?? '', /^XP, levels, badges .*stops no work\.$/u);
    }
  });

  it('shows kinds, size, rows and requests of a job, and nothing else it carries', async () => {
    const secret = 'for the eyes of its owner';
    const rows = ['row-1', 'row-2'];
    const data = { rows, requestIds: ['request-1'], fresh: [{ input: { reason: secret } }], rowsToo: secret };
    const job = await queueNamed(quiet).add('machine.event user.xp.add × 2', data);
    await job.updateProgress({ secret });
    for (const path of [
      `${api}?activeQueue=${quiet}&status=latest&page=1&jobsPerPage=10`,
      `${api}/${quiet}/${job.id}`,
    ]) {
      const { status, text } = await board.script('GET', path, { cookie: auditor });
      assert.equal(status, 200);
      assert.equal(text.includes(secret), false);
      assert.ok(text.includes('"name":"machine.event user.xp.add × 2"'));
      assert.ok(text.includes('"data":{"rows":["row-1","row-2"],"requestIds":["request-1"]}'), text);
    }
  });

  it('lets those who only look change nothing, by any path', async () => {
    const job = await waiting();
    const count = await Events.native().countDocuments();
    for (const [method, path] of [
      ['PUT', 'pause'],
      ['PUT', `${quiet}/pause`],
      ['PUT', `${quiet}/empty`],
      ['PUT', `${quiet}/obliterate`],
      ['PUT', `${quiet}/clean/wait`],
      ['PUT', `${quiet}/${job.id}/clean`],
      ['PUT', `${quiet}/${job.id}/retry`],
      ['POST', `${quiet}/add`],
      ['PATCH', `${quiet}/${job.id}/update-data`],
      ['PATCH', `${quiet}/${job.id}/priority`],
    ] as const) {
      const reply = await board.script(method, `${api}/${path}`, { cookie: auditor, json: {} });
      assert.equal(reply.status, 403, path);
      assert.equal((JSON.parse(reply.text) as { error: string }).error, 'This needs the permission queue.write');
      const out = await board.script(method, `${api}/${path}`, { json: {} });
      assert.equal(out.status, 401, path);
    }
    assert.equal(await queueNamed(quiet).isPaused(), false);
    assert.equal(await job.getState(), 'waiting');
    assert.equal(await Events.native().countDocuments(), count);
  });

  it('writes an act down before it is done and says afterwards what came of it', async () => {
    const job = await waiting();
    const requestId = 'an-admin-removes-a-job';
    const reply = await put(`${quiet}/${job.id}/clean`, { headers: { 'x-request-id': requestId } });
    assert.equal(reply.status, 204);
    assert.equal(await queueNamed(quiet).getJob(String(job.id)), undefined);
    const { data } = await readActs(board);
    const [done, begun] = data;
    assert.ok(done && begun && data.length === 2);
    assert.deepEqual([begun.outcome, done.outcome, begun.act], ['begun', 'done', done.act]);
    assert.deepEqual(
      { ...done, id: '', at: '', act: '' },
      {
        id: '',
        at: '',
        act: '',
        actor: board.admin.user.id,
        requestId,
        action: 'queue.job.remove',
        target: { queue: quiet, job: String(job.id) },
        outcome: 'done',
      },
    );
    const [, row] = await Work.native().find({ requestId }).sort({ _id: 1 }).toArray();
    assert.deepEqual([row?.kind, row?.state], ['audit.act.record', 'done']);
  });

  it('pauses, resumes, promotes, retries, cleans and empties', async () => {
    const queue = queueNamed(quiet);
    await queue.obliterate({ force: true });
    const late = await queue.add('machine.event × 1', { rows: ['x'], requestIds: [] }, { delay: 3_600_000 });
    assert.equal((await put(`${quiet}/pause`)).status, 200);
    assert.equal(await queue.isPaused(), true);
    assert.equal((await put(`${quiet}/resume`)).status, 200);
    assert.equal(await queue.isPaused(), false);
    assert.equal((await put(`${quiet}/${late.id}/promote`)).status, 204);
    assert.equal(await late.getState(), 'waiting');
    assert.equal((await put(`${quiet}/${late.id}/retry`)).status, 400);
    assert.equal((await put(`${quiet}/empty`)).status, 200);
    assert.equal((await put(`${quiet}/clean/completed`)).status, 200);
    assert.equal((await put(`${quiet}/no-such-job/clean`)).status, 404);
    assert.equal(await queue.getWaitingCount(), 0);
    const expected = ['pause', 'resume', 'job.promote', 'job.retry', 'empty', 'clean', 'job.remove'];
    assert.deepEqual(
      await written(),
      expected.flatMap((action) => [
        `queue.${action} begun`,
        `queue.${action} ${['job.retry', 'job.remove'].includes(action) ? 'refused' : 'done'}`,
      ]),
    );
  });

  it('does nothing that it cannot write down', async () => {
    const { registry } = board.server;
    const unwritten = createBoard({
      queues: board.queues,
      checkPassword,
      submit: async () => {
        await Promise.resolve();
        throw unavailable(undefined);
      },
    });
    const health = {
      redis: async () => await Promise.resolve(true),
      poolStates: async () => await Promise.resolve({}),
    };
    const { url, server } = await listen({ registry, submit: board.server.submit, health, board: unwritten });
    const headers = { cookie, origin: url };
    const reply = await fetch(`${url}${api}/${quiet}/pause`, { method: 'PUT', headers });
    server.closeAllConnections();
    server.close();
    assert.deepEqual([reply.status, reply.headers.get('retry-after')], [503, '1']);
    assert.equal(await queueNamed(quiet).isPaused(), false);
  });

  it('changes no data of a job, no schedule, and nothing it does not know', async () => {
    const job = await waiting();
    for (const [method, path, json] of [
      ['PATCH', `${quiet}/${job.id}/update-data`, { jobData: { rows: ['y'], requestIds: [] } }],
      ['PATCH', `${quiet}/job-schedulers/daily`, { pattern: '* * * * *' }],
      ['PUT', `${quiet}/${job.id}/explode`, {}],
      ['POST', `${quiet}/pause`, {}],
      ['PUT', `${quiet}/%ff/clean`, {}],
    ] as const) {
      const reply = await board.script(method, `${api}/${path}`, { cookie, json });
      assert.ok(reply.status === 403 || reply.status === 400, `${path} ${reply.status}`);
    }
    assert.deepEqual((await queueNamed(quiet).getJob(String(job.id)))?.data.rows, ['some-row']);
    assert.deepEqual(await written(), []);
  });

  it('adds jobs that name rows, and none that carry anything else', async () => {
    const add = async (body: object): Promise<Seen> =>
      await board.script('POST', `${api}/${shard}/add`, { cookie, json: body });
    const rows = async (): Promise<number[]> => [
      await Work.native().countDocuments({ kind: { $ne: 'audit.act.record' } }),
      await DeadLetters.native().countDocuments(),
    ];
    const before = await rows();
    for (const data of [
      {},
      { rows: [], requestIds: [], fresh: [{ kind: 'gamification.xp.add', input: { amount: 1_000 } }] },
      { rows: [{ kind: 'gamification.xp.add' }], requestIds: [] },
      { rows: 'all', requestIds: [] },
    ]) {
      assert.equal((await add({ name: 'gamification.xp.add × 1', data })).status, 422, JSON.stringify(data));
    }
    const data = { rows: ['never-was'], requestIds: [] };
    assert.equal((await add({ name: 'x', data, options: { repeat: { every: 1 } } })).status, 422);
    const reply = await add({ name: 'run everything', data });
    assert.equal(reply.status, 200);
    const { job } = JSON.parse(reply.text) as { job: { id: string; name: string } };
    assert.equal(job.name, 'added by hand × 1');
    // Its owner looks for rows, finds none of that name, and does nothing.
    await eventually(async () => assert.equal(await queueNamed(shard).getJobState(job.id), 'completed'));
    assert.deepEqual(await rows(), before);
    assert.deepEqual(await written(), ['queue.job.add begun', 'queue.job.add done']);
  });

  it('fails a job at its owner that is none, and the owner goes on', async () => {
    const forged = await queueNamed(shard).add('forged', { rows: [{ $gt: '' }] } as unknown as WakeJob);
    await eventually(async () => assert.equal(await forged.getState(), 'failed'));
    const real = await waiting(shard);
    await eventually(async () => assert.equal(await real.getState(), 'completed'));
  });

  it('stops no work by pausing every queue', async () => {
    assert.equal((await put('pause')).status, 200);
    try {
      for (const queue of board.queues) {
        assert.equal(await queue.isPaused(), true);
      }
      const { user } = await registerSomebody(board.server);
      const body = { userId: user.id, amount: 40, reason: 'gave a talk while everything was paused' };
      const { accessToken: token } = board.admin;
      const granted = await board.server.call('POST', '/api/gamification/xp/add', { token, body });
      assert.equal(granted.status, 201, granted.text);
      assert.equal((granted.body as { xp: number }).xp, 40);
    } finally {
      assert.equal((await put('resume')).status, 200);
    }
    // Its job, which nobody waited for, is done now and says what it was about.
    const work = await Work.native().findOne({ kind: 'gamification.xp.add' });
    assert.ok(work);
    await eventually(async () => {
      const path = `${api}?activeQueue=${work.shard}&status=completed&page=1&jobsPerPage=100`;
      const { queues } = queueList.parse(JSON.parse((await board.script('GET', path, { cookie: auditor })).text));
      const jobs = queues.find(({ name }) => name === work.shard)?.jobs ?? [];
      const data = { rows: [work._id], requestIds: [work.requestId] };
      const expected = { name: 'gamification.xp.add × 1', data, returnValue: { rows: 1 } };
      assert.ok(
        jobs.some((job) => isDeepStrictEqual(job, expected)),
        JSON.stringify(jobs),
      );
    });
    assert.deepEqual(await written(), [
      'queue.all.pause begun',
      'queue.all.pause done',
      'queue.all.resume begun',
      'queue.all.resume done',
    ]);
  });
});
