// Ten thousand grants while processes are killed at random, and a minute of every fault there is: whatever comes
// together, every promise holds afterwards. SEED repeats the choices of a run.
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { shared } from '../../support/faults.ts';
import { follow, type Follower } from '../../support/feed-client.ts';
import { checkInvariants } from '../../support/invariants.ts';
import { checkLeaderboard } from '../../support/leaderboard.ts';
import { startLoad, summary } from '../../support/load.ts';
import { eventually } from '../../support/eventually.ts';
import { comesUp, playChaos } from '../../support/chaos.ts';
import { seeded } from '../../support/seeded.ts';
import { showLogs, startSystem, type System } from '../../support/system.ts';

const minuteMs = 60_000;

describe('chaos', () => {
  let system: System;

  before(async () => {
    system = await startSystem();
  });
  after(async () => {
    await system?.stop();
  });
  afterEach(function () {
    showLogs(this, system);
  });

  it('counts each of ten thousand grants once, tells every socket 1 to N, and is normal within 30 s', async function () {
    this.timeout(900_000);
    const random = seeded();
    console.log(`      seed ${String(random.seed)}`);
    const story = await playChaos(system, {
      random,
      grants: 10_000,
      callers: 64,
      clients: 20,
      kills: Number.POSITIVE_INFINITY,
      killEveryMs: [1_000, 5_000],
      faults: [
        { at: 0.25, name: 'Redis emptied' },
        { at: 0.5, name: 'MongoDB killed' },
        { at: 0.75, name: 'Redis emptied' },
      ],
      normalWithinMs: 30_000,
    });
    console.log(`      ${story.join(', ')}`);
  });
});

describe('a minute of random faults', () => {
  let system: System;
  let follower: Follower;
  const failures: string[] = [];

  before(async () => {
    system = await startSystem();
    const feed = `user.${system.people[0]}`;
    follower = await follow(system.url(1), system.token, feed, (reason) => failures.push(reason));
  });
  after(async () => {
    follower?.close();
    await system?.stop();
  });
  afterEach(function () {
    showLogs(this, system);
  });

  const random = seeded();
  const any = (count: number): number => random.below(count);

  async function freezeWorker(index: number): Promise<void> {
    const { child } = system.fleet.workers[index] ?? assert.fail();
    await system.fleet.kill(child, 'SIGSTOP');
    await delay(1_000 + any(7_000));
    await system.fleet.kill(child, 'SIGCONT');
  }

  type Faults = Readonly<Record<string, () => Promise<void>>>;
  const ofProcesses: Faults = {
    'worker killed': async () => {
      const index = any(3);
      await comesUp(async () => await system.fleet.restartWorker(index));
    },
    'worker stopped in order': async () => {
      const index = any(3);
      await system.fleet.kill(system.fleet.workers[index]?.child ?? assert.fail(), 'SIGTERM');
      await comesUp(async () => await system.fleet.restartWorker(index));
    },
    'worker frozen': async () => await freezeWorker(any(3)),
    'API killed': async () => {
      const index = any(2);
      await comesUp(async () => await system.fleet.restartApi(index));
    },
  };
  const ofServers: Faults = {
    'Redis emptied': async () => await system.servers.flushRedis(),
    'Redis frozen': async () => await system.servers.freezeRedis(any(5_000)),
    'Redis killed': async () => await system.servers.restartRedis('kill', any(3_000)),
    'MongoDB killed': async () => await system.servers.restartMongod('kill', any(3_000)),
    'MongoDB frozen': async () => await system.servers.freezeMongod(any(6_000)),
  };

  /** One fault after another, with a while between, until the minute is over. */
  async function play(faults: Faults, story: string[]): Promise<void> {
    const end = Date.now() + minuteMs;
    const names = Object.keys(faults);
    while (Date.now() < end) {
      const name = names[any(names.length)] ?? '';
      story.push(name);
      await faults[name]?.();
      await delay(any(2_000));
    }
  }

  it('loses nothing, doubles nothing, and ends at rest', async function () {
    this.timeout(300_000);
    const load = startLoad(system);
    const story: string[] = [`seed ${String(random.seed)}`];
    console.log(`      ${story.join()}`);
    await Promise.all([play(ofProcesses, story), play(ofServers, story)]);
    console.log(`      ${story.join(', ')}`);
    const then = load.report.grants.length;
    await eventually(() => assert.ok(load.report.grants.length > then + 60, 'nothing goes on'), 60_000);
    const report = await load.stop();
    console.log(`      ${summary(report)}`);
    assert.deepEqual(report.unexpected, []);
    await checkInvariants(system.db, { acknowledged: report.grants, settleMs: 60_000 });
    await checkLeaderboard(system.db, system.urls(), system.token);
    await shared(system.db);
    const feed = `user.${system.people[0]}`;
    const head = await system.db.collection('feed_events').countDocuments({ feed });
    await eventually(() => assert.equal(follower.applied.length, head, 'the follower is behind'), 20_000);
    assert.deepEqual(
      follower.applied.map(({ seq }) => seq),
      Array.from({ length: head }, (_, index) => index + 1),
    );
    assert.deepEqual(failures, []);
  });
});
