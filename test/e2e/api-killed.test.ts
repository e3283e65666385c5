// An API that is killed while callers wait: what it had written down is done, and replayed to the retry elsewhere.
import assert from 'node:assert/strict';
import { eventually } from '../support/eventually.ts';
import { call, type FleetReply } from '../support/fleet.ts';
import { checkInvariants } from '../support/invariants.ts';
import { startLoad, summary, type Grant } from '../support/load.ts';
import { showLogs, startSystem, type System } from '../support/system.ts';

describe('an API that is killed while callers wait', () => {
  let system: System;
  const acknowledged: Grant[] = [];

  before(async () => {
    system = await startSystem();
  });
  after(async () => {
    await system?.stop();
  });
  afterEach(function () {
    showLogs(this, system);
  });

  async function signalWorkers(signal: NodeJS.Signals): Promise<void> {
    await Promise.all(system.fleet.workers.map(async ({ child }) => await system.fleet.kill(child, signal)));
  }

  async function send(
    api: number,
    grant: Pick<Grant, 'key' | 'userId' | 'amount'>,
    prefer = 'wait=20',
  ): Promise<FleetReply> {
    return await call(system.url(api), 'POST', '/api/gamification/xp/add', {
      token: system.token,
      body: { userId: grant.userId, amount: grant.amount, reason: grant.key },
      headers: { 'Idempotency-Key': grant.key, Prefer: prefer },
    });
  }

  it('leaves its rows to the owners, and each retry on the other API gets the one answer', async () => {
    const grants = system.people.map((userId, index) => ({ key: `load-orphan-${index}`, userId, amount: 10 + index }));
    await signalWorkers('SIGSTOP');
    const broken = grants.map(
      async (grant) =>
        await send(0, grant).then(
          ({ status }) => status,
          () => 'no answer',
        ),
    );
    await eventually(async () => {
      const rows = system.db.collection('work');
      assert.equal(await rows.countDocuments({ state: 'new', kind: 'gamification.xp.add' }), grants.length);
    });
    await system.fleet.kill(system.fleet.apis[0]?.child ?? assert.fail(), 'SIGKILL');
    assert.deepEqual([...new Set(await Promise.all(broken))], ['no answer']);
    // Half of the retries come while the first is still in flight, half when all is done.
    const early = grants
      .filter((_, index) => index % 2 === 0)
      .map(async (grant) => [grant, await send(1, grant)] as const);
    // Rows are taken up in the order of their requests: when this one is answered, those before it wait.
    const asked = await send(1, grants[1] ?? assert.fail(), 'respond-async');
    assert.equal(asked.status, 202, 'the first is in flight');
    const first = await system.db.collection('work').findOne({ idempotencyKey: grants[1]?.key });
    assert.equal(asked.headers.get('location'), `/api/operations/${String(first?._id)}`);
    await signalWorkers('SIGCONT');
    await eventually(async () => {
      assert.equal(await system.db.collection('xp_ledger').countDocuments(), grants.length, 'not all orphans are done');
    }, 15_000);
    const late = grants
      .filter((_, index) => index % 2 === 1)
      .map(async (grant) => [grant, await send(1, grant)] as const);
    for (const [grant, { status, headers, body }] of await Promise.all([...early, ...late])) {
      assert.equal(status, 201, JSON.stringify(body));
      assert.equal(headers.get('idempotency-replayed'), 'true', `${grant.key} was done a second time`);
      acknowledged.push({ ...grant, answer: body, replayed: true });
    }
    await system.fleet.restartApi(0);
    for (const grant of acknowledged.slice(0, 3)) {
      const again = await send(0, grant);
      assert.equal(again.headers.get('idempotency-replayed'), 'true');
      assert.deepEqual(again.body, grant.answer);
    }
    assert.equal(await system.db.collection('xp_ledger').countDocuments(), grants.length);
    await checkInvariants(system.db, { acknowledged });
  });

  it('costs a client under load nothing but a retry', async () => {
    const load = startLoad(system);
    for (const index of [0, 1]) {
      const begun = load.report.grants.length;
      await eventually(() => assert.ok(load.report.grants.length > begun + 60), 15_000);
      await system.fleet.restartApi(index);
    }
    const report = await load.stop();
    console.log(`      ${summary(report)}`);
    assert.deepEqual(report.unexpected, []);
    assert.ok((report.statuses.get(0) ?? 0) > 0, 'no connection broke');
    acknowledged.push(...report.grants);
    await checkInvariants(system.db, { acknowledged });
  });
});
