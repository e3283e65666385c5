// Nothing that a process, Redis or MongoDB holds grows at half of the load that the system can do. Three minutes; SOAK_MINUTES=20 for
// longer. SOAK_LEAK plants a leak in the workers (test/support/watched-worker.ts): then this must fail.
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { capacityOf, startEveryday } from '../../support/everyday.ts';
import { checkInvariants } from '../../support/invariants.ts';
import { summary } from '../../support/load.ts';
import { judge, sample, type Sample } from '../../support/soak.ts';
import { showLogs, startSystem, type System } from '../../support/system.ts';

const minutes = Number(process.env['SOAK_MINUTES'] ?? '3');
const sampleEveryMs = 5_000;
const sayEvery = 6;
const calibrationMs = 20_000;

describe('an ordinary day', () => {
  let system: System;
  let redis: Redis;

  before(async () => {
    system = await startSystem({
      apiScript: 'test/support/watched-api.ts',
      workerScript: 'test/support/watched-worker.ts',
      workers: 2,
    });
    redis = new Redis(system.servers.redisUrl);
  });
  after(async () => {
    redis?.disconnect();
    await system?.stop();
  });
  afterEach(function () {
    showLogs(this, system);
  });

  it('lets nothing grow', async function () {
    // Counting the grants of a day again takes a while, too.
    this.timeout((minutes * 2 + 10) * 60_000);
    const capacity = await capacityOf(system, calibrationMs);
    console.log(`      ${capacity.toFixed(0)} grants a second can be done here; going on at half of it`);
    const day = startEveryday(system, capacity / 2);
    const samples: Sample[] = [];
    const end = Date.now() + minutes * 60_000;
    while (Date.now() < end) {
      await delay(sampleEveryMs);
      const seen = await sample(system, redis);
      samples.push(seen);
      if (samples.length % sayEvery === 0) {
        const heaps = Object.keys(seen).filter((name) => name.endsWith('heap MiB'));
        const heap = heaps.map((name) => (seen[name] ?? 0).toFixed(1)).join(' ');
        const left = Math.max(Math.round((end - Date.now()) / 1_000), 0);
        console.log(`      ${String(day.load.grants.length)} grants, heaps ${heap} MiB, ${String(left)} s left`);
      }
    }
    const report = await day.stop();
    const { table, growing } = judge(samples);
    const { reads, logins, sockets } = day.counts;
    console.log(table);
    console.log(`      ${summary(report)}; ${reads} reads, ${logins} logins, ${sockets} sockets`);
    assert.deepEqual([...report.unexpected, ...day.unexpected], []);
    assert.deepEqual(growing, [], 'grows');
    await checkInvariants(system.db, { acknowledged: report.grants });
  });
});
