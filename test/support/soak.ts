// Looks at a whole system while it works: every process, Redis, MongoDB and how far behind the work is; and tells what
// grows. Called by test/e2e/full/soak.test.ts.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { call } from './fleet.ts';
import type { System } from './system.ts';
import { grows, trendOf, type Bound } from './trend.ts';

/** A figure by its name: `<process> <what>` or the server's. */
export type Sample = Readonly<Record<string, number>>;

const MiB = 2 ** 20;
const look = z.object({
  type: z.literal('look'),
  rss: z.number(),
  heap: z.number(),
  lagMs: z.number(),
  handles: z.number(),
  timers: z.number(),
  listeners: z.number(),
});
const pools = z.object({
  dependencies: z.object({ queues: z.object({ pools: z.record(z.string(), z.object({ oldestWaitMs: z.number() })) }) }),
});

/** What each figure may grow by over the second half of the time. Anything else is only shown. */
const bounds: readonly (readonly [ending: string, bound: Bound])[] = [
  ['heap MiB', { share: 0.1, amount: 5 }],
  ['rss MiB', { share: 0.2, amount: 30 }],
  ['handles', { share: 0.2, amount: 20 }],
  ['timers', { share: 0.15, amount: 40 }],
  ['listeners', { share: 0, amount: 1 }],
  // Other work of the machine makes a loop late for a moment, in no direction; one that has ever more to do is late ever more.
  ['lag p99 ms', { share: 0.5, amount: 100 }],
  // With the finished jobs of the queues that have not kept a thousand yet.
  ['Redis MiB', { share: 0.25, amount: 10 }],
  ['Redis keys', { share: 0.2, amount: 200 }],
  // A slow minute opens more of each pool's forty, and they stay; a client that is never closed comes on top of that.
  ['MongoDB connections', { share: 0.5, amount: 40 }],
  // No share: what grows from nothing in a straight line never grows by its own level in half of the time.
  ['oldest wait ms', { share: 0, amount: 5_000 }],
];

async function lookInto(child: ChildProcess): Promise<z.output<typeof look>> {
  const answer = once(child, 'message', { signal: AbortSignal.timeout(30_000) });
  child.send({ type: 'look' });
  return look.parse((await answer)[0]);
}

/**
 * Keys without the finished jobs: BullMQ keeps a thousand of each queue for the board, and a quiet queue takes longer than
 * a soak to have them. What they weigh counts in `Redis MiB`.
 */
async function redisKeys(redis: Redis, keyPrefix: string): Promise<number> {
  let keys = 0;
  for await (const batch of redis.scanStream({ match: `${keyPrefix}:*`, count: 1_000 })) {
    keys += (batch as string[]).filter((key) => !/:[a-z]+\.\d+:\d+$/u.test(key)).length;
  }
  return keys;
}

/** Takes a sample of everything at this moment. */
export async function sample(system: System, redis: Redis): Promise<Sample> {
  const figures: Record<string, number> = {};
  for (const { name, child } of [...system.fleet.apis, ...system.fleet.workers]) {
    const { rss, heap, lagMs, handles, timers, listeners } = await lookInto(child);
    figures[`${name} heap MiB`] = heap / MiB;
    figures[`${name} rss MiB`] = rss / MiB;
    figures[`${name} lag p99 ms`] = lagMs;
    figures[`${name} handles`] = handles;
    figures[`${name} timers`] = timers;
    figures[`${name} listeners`] = listeners;
  }
  const memory = /used_memory:(\d+)/u.exec(await redis.info('memory'))?.[1];
  const status = await system.db.admin().command({ serverStatus: 1 });
  const health = pools.parse((await call(system.url(0), 'GET', '/api/health')).body);
  figures['Redis MiB'] = Number(memory) / MiB;
  figures['Redis keys'] = await redisKeys(redis, system.keyPrefix);
  figures['MongoDB connections'] = (status['connections'] as { current: number }).current;
  for (const [pool, { oldestWaitMs }] of Object.entries(health.dependencies.queues.pools)) {
    figures[`${pool} oldest wait ms`] = oldestWaitMs;
  }
  return figures;
}

/** A table of all figures, and the names of those that grow beyond their bound. */
export function judge(samples: readonly Sample[]): { table: string; growing: string[] } {
  const names = Object.keys(samples[0] ?? {});
  const growing: string[] = [];
  const lines = names.map((name) => {
    const values = samples.map((each) => each[name] ?? 0);
    const trend = trendOf(values);
    const bound = bounds.find(([ending]) => name.endsWith(ending))?.[1];
    if (bound && grows(trend, bound)) {
      growing.push(`${name}: +${trend.growth.toFixed(1)} at ${trend.level.toFixed(1)}`);
    }
    const figures = [values[0] ?? 0, trend.level, trend.growth, Math.max(...values)];
    return `      ${name.padEnd(26)} ${figures.map((figure) => figure.toFixed(1).padStart(10)).join('')}`;
  });
  const header = `      ${''.padEnd(26)} ${['first', 'level', 'growth', 'greatest'].map((title) => title.padStart(10)).join('')}`;
  return { table: [header, ...lines].join('\n'), growing };
}
