// Faults that come by chance while callers grant XP and sockets follow, and what must be true and back to normal when
// they are over. Called by test/e2e/chaos.test.ts and test/e2e/full/chaos.test.ts.
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { z } from 'zod';
import { eventually } from './eventually.ts';
import { shared } from './faults.ts';
import { follow, type Follower } from './feed-client.ts';
import { call } from './fleet.ts';
import { checkInvariants, settled } from './invariants.ts';
import { checkLeaderboard } from './leaderboard.ts';
import { startLoad, summary, type Load, type LoadReport } from './load.ts';
import type { Seeded } from './seeded.ts';
import type { System } from './system.ts';

/** How much of what. */
export interface Chaos {
  readonly random: Seeded;
  readonly grants: number;
  readonly callers: number;
  /** Sockets that follow a person's feed each. */
  readonly clients: number;
  /** Least and greatest wait before the next process is killed, in milliseconds. */
  readonly killEveryMs: readonly [least: number, greatest: number];
  /** No more kills than this. */
  readonly kills: number;
  /** What is done to the servers when this share of the grants has been acknowledged. */
  readonly faults: readonly { readonly at: number; readonly name: 'Redis emptied' | 'MongoDB killed' }[];
  /** All must be back to normal this soon after the last fault, or after the last grant began where that was later. */
  readonly normalWithinMs: number;
}

const health = z.object({
  status: z.string(),
  dependencies: z.object({
    queues: z.object({ pools: z.record(z.string(), z.object({ owners: z.int(), oldestWaitMs: z.number() })) }),
  }),
});

/** A supervisor starts what ended until it comes up: MongoDB may be away meanwhile. */
export async function comesUp(start: () => Promise<unknown>): Promise<void> {
  await eventually(start, 45_000, 200);
}

/** Plays it, checks every promise and that the system came back to normal. Gives what happened, for people to read. */
export async function playChaos(system: System, chaos: Chaos): Promise<string[]> {
  const failures: string[] = [];
  const followers = await followSome(system, chaos.clients, (reason) => failures.push(reason));
  try {
    const story: string[] = [`seed ${String(chaos.random.seed)}`];
    const load = startLoad({
      urls: () => system.urls(),
      token: system.token,
      people: system.people,
      callers: chaos.callers,
      total: chaos.grants,
      random: () => chaos.random.next(),
    });
    const over = { yet: false };
    const faults: Faults = { story, lastAt: performance.now() };
    const ended = load.stop().finally(() => {
      over.yet = true;
    });
    await Promise.all([killProcesses(system, chaos, over, faults), ...harmServers(system, chaos, load, faults), ended]);
    const report = await ended;
    story.push(summary(report));
    // From the end of the faults: what was killed comes up, and callers get their answers, in this time too.
    const since = Math.max(faults.lastAt, load.lastBegunAt());
    const left = (): number => Math.max(since + chaos.normalWithinMs - performance.now(), 0);
    await backToNormal(system, left);
    await checkFollowers(system, followers, left);
    const tookMs = Math.round(performance.now() - since);
    story.push(`normal after ${String(tookMs)} ms`);
    assert.ok(tookMs <= chaos.normalWithinMs, `back to normal only after ${String(tookMs)} ms`);
    await checkPromises(system, report, chaos.grants);
    assert.deepEqual(failures, [], 'sockets were reset or refused');
    return story;
  } finally {
    followers.forEach(({ follower }) => follower.close());
  }
}

/** What was done so far, and when the last of it was over, by `performance.now()`. */
interface Faults {
  readonly story: string[];
  lastAt: number;
}

function note(faults: Faults, what: string): void {
  faults.story.push(what);
  faults.lastAt = performance.now();
}

interface Following {
  readonly feed: string;
  readonly follower: Follower;
}

async function followSome(system: System, count: number, failed: (reason: string) => void): Promise<Following[]> {
  const urls = system.urls();
  return await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const feed = `user.${system.people[index % system.people.length] ?? ''}`;
      return { feed, follower: await follow(urls[index % urls.length] ?? '', system.token, feed, failed) };
    }),
  );
}

/** Kills an API or a worker now and then, and starts it again. */
async function killProcesses(system: System, chaos: Chaos, over: { yet: boolean }, faults: Faults): Promise<void> {
  const { random, killEveryMs } = chaos;
  const [least, greatest] = killEveryMs;
  const { apis, workers } = system.fleet;
  for (let kills = 0; kills < chaos.kills && !over.yet; kills += 1) {
    const until = Date.now() + least + random.below(greatest - least);
    while (Date.now() < until && !over.yet) {
      await delay(50);
    }
    const place = random.below(apis.length + workers.length);
    const isApi = place < apis.length;
    note(faults, isApi ? `API ${String(place)} killed` : `worker ${String(place - apis.length)} killed`);
    await comesUp(async () => {
      await (isApi ? system.fleet.restartApi(place) : system.fleet.restartWorker(place - apis.length));
    });
  }
}

/** Harms the servers when as many grants are acknowledged as each fault says. */
function harmServers(system: System, chaos: Chaos, load: Load, faults: Faults): Promise<void>[] {
  return chaos.faults.map(async ({ at, name }) => {
    await eventually(
      () => assert.ok(load.report.grants.length >= at * chaos.grants, `too few grants for: ${name}`),
      600_000,
    );
    await (name === 'Redis emptied' ? system.servers.flushRedis() : system.servers.restartMongod('kill', 500));
    note(faults, name);
  });
}

/** Every pool owned, nothing waits, every event numbered, the board's set whole, every API says `healthy`. */
async function backToNormal(system: System, left: () => number): Promise<void> {
  const redis = new Redis(system.servers.redisUrl, { maxRetriesPerRequest: 1 });
  try {
    await settled(system.db, left());
    await shared(system.db, left());
    for (const url of system.urls()) {
      await eventually(async () => {
        // Somebody who reads the board makes its set be built.
        await call(url, 'GET', '/api/gamification/leaderboard', { token: system.token });
        const { status, dependencies } = health.parse((await call(url, 'GET', '/api/health')).body);
        assert.equal(status, 'healthy');
        for (const [pool, { owners, oldestWaitMs }] of Object.entries(dependencies.queues.pools)) {
          assert.ok(owners > 0, `nobody owns ${pool}`);
          assert.equal(oldestWaitMs, 0, `work of ${pool} waits`);
        }
        assert.equal(await redis.get(`${system.keyPrefix}:board:{xp}:ready`), '1', 'the board has no whole set');
      }, left());
    }
  } finally {
    redis.disconnect();
  }
}

async function checkPromises(system: System, report: LoadReport, grants: number): Promise<void> {
  assert.deepEqual(report.unexpected, []);
  assert.equal(report.grants.length, grants, 'acknowledged grants');
  assert.equal(new Set(report.grants.map(({ key }) => key)).size, grants, 'grants that are not one another');
  await checkInvariants(system.db, { acknowledged: report.grants });
  await checkLeaderboard(system.db, system.urls(), system.token);
}

/** Each socket applied 1 to N of its feed, each event once, whatever it lived through. */
async function checkFollowers(system: System, followers: readonly Following[], left: () => number): Promise<void> {
  for (const { feed, follower } of followers) {
    const places = await system.db
      .collection<{ _id: string; seq: number; event: { id: string } }>('feed_events')
      .find({ feed })
      .sort({ seq: 1 })
      .toArray();
    const expected = places.map(({ event }, index) => ({ seq: index + 1, id: event.id }));
    await eventually(() => assert.equal(follower.applied.length, expected.length, `${feed} is not whole`), left());
    assert.deepEqual(follower.applied, expected);
  }
}
