// Schedules and imports over processes that die: a run for every due time and an outcome for every line, each once.
import assert from 'node:assert/strict';
import { Queue } from 'bullmq';
import { partOf, readContributions } from '#src/demo/contributions.ts';
import { scheduleShard } from '#src/platform/schedules/schedule.ts';
import { eventually } from '../support/eventually.ts';
import { ownerOf, shared } from '../support/faults.ts';
import { call } from '../support/fleet.ts';
import { checkImportOf } from '../support/imports.ts';
import { showLogs, startSystem, type System } from '../support/system.ts';

describe('the operations pool', () => {
  let system: System;

  before(async () => {
    system = await startSystem({ apis: 1, workers: 2, people: 0 });
    await shared(system.db);
  });
  after(async () => {
    await system?.stop();
  });
  afterEach(function () {
    showLogs(this, system);
  });

  it('fires a schedule once for each second while its owner is killed and Redis emptied', async () => {
    const name = 'every-second';
    const put = async (enabled: boolean): Promise<void> => {
      const body = { cron: '* * * * * *', kind: 'operations.heartbeat', missed: 'all', enabled };
      const { status } = await call(system.url(0), 'PUT', `/api/schedules/${name}`, {
        token: system.token,
        body,
        headers: { Prefer: 'wait=20' },
      });
      assert.ok(status < 202, String(status));
    };
    const count = async (query: object): Promise<number> => await system.db.collection('events').countDocuments(query);
    const fired = { type: 'schedule.fired' };
    const more = async (): Promise<void> => {
      const before = await count(fired);
      await eventually(async () => assert.ok((await count(fired)) >= before + 3), 20_000);
    };
    const connection = { url: system.servers.redisUrl, maxRetriesPerRequest: null };
    const queue = new Queue(scheduleShard(name), { prefix: system.keyPrefix, connection });
    const shown = async (): Promise<void> => {
      await eventually(async () => {
        const keys = (await queue.getJobSchedulers()).map(({ key }) => key);
        assert.ok(keys.includes(name), keys.join(' '));
      }, 15_000);
    };
    try {
      await put(true);
      await Promise.all([more(), shown()]);
      const { pid } = await ownerOf(system.db, scheduleShard(name));
      await system.fleet.restartWorker(system.worker(pid).index);
      await more();
      await system.servers.flushRedis();
      await Promise.all([more(), shown()]);
      await put(false);
    } finally {
      await queue.close();
    }
    const events = await system.db.collection('events').find(fired).sort({ _id: 1 }).toArray();
    const seconds = events.map(({ data }) => Date.parse(String(data['dueAt'])) / 1_000);
    const first = seconds[0] ?? 0;
    assert.deepEqual(
      seconds.toSorted((left, right) => left - right),
      seconds.map((_, index) => first + index),
      'no second is left out and none comes twice',
    );
    await eventually(async () => assert.equal(await count({ type: 'operations.heartbeat' }), seconds.length));
  });

  it('imports people and XP of the real input, each line once, while every worker is killed', async () => {
    await checkImportOf(system, partOf(await readContributions(), { limit: 1_200 }));
  });
});
