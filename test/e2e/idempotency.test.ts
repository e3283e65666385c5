// The same thing twice: the same key on two APIs at once, another body under a key, jobs and batches delivered again.
import assert from 'node:assert/strict';
import { Queue, type Job } from 'bullmq';
import { Redis } from 'ioredis';
import { eventually } from '../support/eventually.ts';
import { call, type FleetReply } from '../support/fleet.ts';
import { checkInvariants, settled } from '../support/invariants.ts';
import { startLoad, summary, type Grant } from '../support/load.ts';
import { insertRows, grantRow } from '../support/rows.ts';
import { countAll, showLogs, startSystem, type System } from '../support/system.ts';

describe('the same again', () => {
  let system: System;
  let redis: Redis;
  const acknowledged: Grant[] = [];
  const queues = new Map<string, Queue>();

  before(async () => {
    system = await startSystem();
    redis = new Redis(system.servers.redisUrl, { maxRetriesPerRequest: null });
  });
  after(async () => {
    await Promise.all([...queues.values()].map(async (queue) => await queue.close()));
    redis?.disconnect();
    await system?.stop();
  });
  afterEach(function () {
    showLogs(this, system);
  });

  async function send(api: number, key: string, body: unknown, headers = {}): Promise<FleetReply> {
    return await call(system.url(api), 'POST', '/api/gamification/xp/add', {
      token: system.token,
      body,
      headers: { 'Idempotency-Key': key, ...headers },
    });
  }

  /** Adds the job that woke the rows' owner once more. */
  async function deliverAgain(rows: readonly { _id: string; shard: string }[]): Promise<Job[]> {
    return await Promise.all(
      rows.map(async ({ _id, shard }) => {
        const queue = queues.get(shard) ?? new Queue(shard, { connection: redis, prefix: system.keyPrefix });
        queues.set(shard, queue);
        return await queue.add('again', { rows: [_id], requestIds: [] });
      }),
    );
  }

  async function allCompleted(jobs: readonly Job[]): Promise<void> {
    await eventually(async () => {
      const states = await Promise.all(jobs.map(async (job) => await job.getState()));
      // The oldest of those that are completed are removed: then nobody knows them.
      assert.deepEqual(
        [...new Set(states)].filter((state) => state !== 'completed' && state !== 'unknown'),
        [],
      );
    }, 15_000);
  }

  it('on two APIs at once has one effect and one answer, of which one is a repeat', async () => {
    const pairs = Array.from({ length: 120 }, (_, index) => {
      const grant = { key: `load-pair-${index}`, userId: system.people[index % 24] ?? '', amount: 1 + (index % 9) };
      const body = { userId: grant.userId, amount: grant.amount, reason: grant.key };
      return { grant, answers: Promise.all([0, 1].map(async (api) => await send(api, grant.key, body))) };
    });
    for (const { grant, answers } of pairs) {
      const [one, other] = await answers;
      assert.deepEqual([one?.status, other?.status], [201, 201], JSON.stringify([one?.body, other?.body]));
      assert.deepEqual(one?.body, other?.body);
      const repeats = [one, other].filter((each) => each?.headers.get('idempotency-replayed') === 'true');
      assert.equal(repeats.length, 1, `${grant.key}: ${repeats.length} of 2 answers say they are repeats`);
      acknowledged.push({ ...grant, answer: one?.body, replayed: false });
    }
    assert.equal(await system.db.collection('xp_ledger').countDocuments(), pairs.length);
    await checkInvariants(system.db, { acknowledged });
  });

  it('with another body is refused on both APIs, while the first is in flight and afterwards', async () => {
    const [userId] = system.people;
    const before = await system.db.collection('xp_ledger').countDocuments();
    const first = send(0, 'load-differs', { userId, amount: 4, reason: 'load-differs' });
    const others = await Promise.all([first, send(1, 'load-differs', { userId, amount: 5, reason: 'load-differs' })]);
    assert.deepEqual(
      others.map(({ status }) => status).toSorted((a, b) => a - b),
      [201, 422],
    );
    for (const api of [0, 1]) {
      const { status, body } = await send(api, 'load-differs', { userId, amount: 6, reason: 'load-differs' });
      assert.deepEqual([status, (body as { code: string }).code], [422, 'idempotency.body-differs']);
    }
    assert.equal(await system.db.collection('xp_ledger').countDocuments(), before + 1);
    await checkInvariants(system.db, { acknowledged });
  });

  it('of a refusal is the refusal, from either API', async () => {
    const body = { userId: 'nobody', amount: 1, reason: 'nobody' };
    const answers = [await send(0, 'refused', body), await send(1, 'refused', body)];
    assert.deepEqual(
      answers.map(({ status }) => status),
      [404, 404],
    );
    assert.deepEqual(
      answers.map(({ headers }) => headers.get('idempotency-replayed')),
      [null, 'true'],
    );
    assert.deepEqual(
      answers.map((answer) => (answer.body as { code: string }).code),
      ['gamification.user-unknown', 'gamification.user-unknown'],
    );
  });

  it('after the row is forgotten finds the ledger', async () => {
    const [grant] = acknowledged;
    assert.ok(grant);
    await system.db.collection('work').deleteOne({ idempotencyKey: grant.key });
    const again = await send(1, grant.key, { userId: grant.userId, amount: grant.amount, reason: grant.key });
    assert.deepEqual([again.status, again.headers.get('idempotency-replayed')], [201, 'true']);
    assert.deepEqual(again.body, grant.answer);
    const other = await send(0, grant.key, { userId: grant.userId, amount: 999, reason: grant.key });
    assert.equal(other.status, 422);
    await checkInvariants(system.db, { acknowledged });
  });

  it('as a job of rows that are done changes nothing', async () => {
    await settled(system.db);
    const rows = await system.db
      .collection<{ _id: string; shard: string }>('work')
      .find({ shard: /^gam|^mac/u })
      .toArray();
    const before = await countAll(system.db);
    await allCompleted([...(await deliverAgain(rows.slice(0, 60))), ...(await deliverAgain(rows.slice(0, 60)))]);
    assert.deepEqual(await countAll(system.db), before);
    await checkInvariants(system.db, { acknowledged });
  });

  it('as jobs of rows that are being done, three times each, does them once', async () => {
    const load = startLoad({ ...system, callers: 12 });
    const grants = system.people.map((userId, index) => grantRow(userId, system.adminId, `load-thrice-${index}`));
    const jobs = (
      await Promise.all([
        deliverAgain(grants),
        insertRows(system.db, grants).then(() => []),
        deliverAgain(grants),
        deliverAgain(grants),
      ])
    ).flat();
    while (load.report.grants.length < 150) {
      const rows = system.db.collection<{ _id: string; shard: string }>('work');
      jobs.push(
        ...(await deliverAgain(
          await rows
            .find({ state: 'new', shard: /^gam|^mac/u })
            .limit(20)
            .toArray(),
        )),
      );
    }
    const report = await load.stop();
    console.log(`      ${summary(report)}`);
    assert.deepEqual(report.unexpected, []);
    acknowledged.push(...report.grants);
    await allCompleted(jobs);
    await checkInvariants(system.db, { acknowledged });
  });
});
