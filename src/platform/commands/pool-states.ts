// How the pools are: who owns them and how long their oldest undone row has waited. For health and metrics.
import { pools, type PoolName } from '#config/pools.ts';
import { countWaiting, waitingEventsSince } from '../events/outbox.ts';
import { waitingSince } from './oldest-wait.ts';
import { DeadLetters, Owners, shardsOf, Work } from './work.ts';

/** One pool's state. */
export interface PoolState {
  /** Processes with a living lease. */
  readonly owners: number;
  /** Milliseconds for which the row that waits longest could have been done and was not. */
  readonly oldestWaitMs: number;
}

/** Asks for every pool; bounded to a second. */
export async function poolStates(): Promise<Record<PoolName, PoolState>> {
  const now = new Date();
  const owners = await Owners.native()
    .aggregate<{ _id: string; count: number }>(
      [{ $match: { $expr: { $gt: ['$leaseUntil', '$$NOW'] } } }, { $group: { _id: '$pool', count: { $sum: 1 } } }],
      { maxTimeMS: 1_000 },
    )
    .toArray();
  const living = new Map(owners.map(({ _id, count }) => [_id, count]));
  const states = await Promise.all(
    (Object.keys(pools) as PoolName[]).map(async (pool) => {
      const since = await (pool === 'feeds' ? waitingEventsSince(shardsOf(pool), 1_000) : waitingSince(pool, now));
      const oldestWaitMs = since ? Math.max(now.getTime() - since.getTime(), 0) : 0;
      return [pool, { owners: living.get(pool) ?? 0, oldestWaitMs }] as const;
    }),
  );
  return Object.fromEntries(states) as Record<PoolName, PoolState>;
}

/** Nothing is counted further than this: who has to wait for more knows enough. */
const countedMost = 10_000;

/** Undone rows of every pool, counted up to 10000; of the feeds, events that wait for a number. */
export async function undoneRows(): Promise<Record<PoolName, number>> {
  const bounded = { limit: countedMost, maxTimeMS: 1_000 };
  const counts = await Promise.all(
    (Object.keys(pools) as PoolName[]).map(async (pool) => {
      const shards = shardsOf(pool);
      const undone =
        pool === 'feeds'
          ? countWaiting(shards, countedMost, bounded.maxTimeMS)
          : Work.native().countDocuments({ shard: { $in: shards }, state: 'new' }, bounded);
      return [pool, await undone] as const;
    }),
  );
  return Object.fromEntries(counts) as Record<PoolName, number>;
}

/** Dead letters that nobody has redriven, by kind, counted up to 10000. */
export async function deadLettersByKind(): Promise<Map<string, number>> {
  const rows = await DeadLetters.native()
    .aggregate<{ _id: string; count: number }>(
      [{ $match: { redrivenAt: null } }, { $limit: countedMost }, { $group: { _id: '$kind', count: { $sum: 1 } } }],
      { maxTimeMS: 1_000 },
    )
    .toArray();
  return new Map(rows.map(({ _id, count }) => [_id, count]));
}
