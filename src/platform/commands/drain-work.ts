// Draining a pool's work rows: what an owner of command shards does in each pass.
import type { Worker } from 'bullmq';
import { leases, pools, type PoolName, type PoolSettings } from '#config/pools.ts';
import type { Registry } from '../registry.ts';
import { afterCommit } from './after-commit.ts';
import { Committer } from './committer.ts';
import { consume } from './consumers.ts';
import { FreshRows } from './fresh.ts';
import { Owner, type Drain } from './owner.ts';
import type { Place } from './lookout.ts';
import { inOrder, neverPutOff, readyRows, workPlace } from './ready-rows.ts';
import { atOnce, DeadLetters, Work, type WorkRow } from './work.ts';

/** Makes rows of what is to be done and is none yet, such as timers that are due. */
export interface Sweep {
  readonly places: readonly Place[];
  /** Runs before passes of these shards: when something was found in its places, and once for each `renewMs`. */
  readonly run: (registry: Registry, shards: readonly string[], now: Date) => Promise<number>;
}

/** Owns shards of a pool of commands. `sweeps` add rows to them. */
export function workOwner(registry: Registry, pool: PoolName, sweeps: readonly Sweep[] = []): Owner {
  const committer = new Committer(registry, pool, (committed) => afterCommit(registry, committed));
  const blocking = [...registry.commands.values()]
    .filter((command) => command.pool === pool && command.onFailure === 'block')
    .map((command) => command.kind);
  const consumers = new Map<string, Worker>();
  const fresh = new FreshRows(pool, () => owner.wake());
  /** When what comes with time is looked for again: things that are due, and rows that were put off. */
  let lookAt = 0;
  let batch: number = pools[pool].maxBatch;
  const drain: Drain = {
    places: [workPlace, ...sweeps.flatMap(({ places }) => places)],
    pass: async (tenure) => {
      const now = new Date();
      const looks = now.getTime() >= lookAt;
      if (looks) {
        lookAt = now.getTime() + leases.renewMs;
        await Promise.all(sweeps.map(async ({ run }) => await run(registry, [...tenure.shards], now)));
      }
      // Taken before the look: a row that was accepted before one of these was handed over is then seen.
      const handed = fresh.take(tenure.shards, pools[pool].maxBatch);
      const held = blocking.length > 0 ? await heldKeys({ $in: [...tenure.shards] }, blocking, now) : [];
      const limit = batch;
      const free = held.length > 0 ? { key: { $nin: held } } : {};
      // Before a row that waited for another try no later one of its key may go, so a pool that blocks always looks.
      const written = await (looks || blocking.length > 0
        ? readyRows([...tenure.shards], now, limit, free)
        : neverPutOff([...tenure.shards], limit, free));
      if (written.some(({ notBefore }) => notBefore > atOnce)) {
        // There may be more whose time has come.
        lookAt = 0;
      }
      const full = written.length === limit;
      // Of a backlog more rows are there than were seen, perhaps of the same keys: they come first.
      const unwritten = full ? [] : mayGo(handed, written, held);
      if (written.length + unwritten.length > 0) {
        await committer.commit(tenure, inOrder([...written, ...unwritten]), new Set(unwritten.map(({ _id }) => _id)));
      }
      batch = nextBatch(pools[pool], limit, written.length, Date.now() - now.getTime());
      if (fresh.waiting) {
        owner.wake();
      }
      return full;
    },
    onFound: () => {
      lookAt = 0;
    },
    onShards: (shards, tenure) => {
      committer.forget();
      fresh.listen(tenure);
      consume(consumers, shards, owner);
    },
    onTakeover: async () => {
      await Promise.all([...registry.projections.values()].map(async (projection) => await projection.onTakeover()));
    },
  };
  const owner = new Owner(pool, drain);
  return owner;
}

/**
 * The most rows of the next batch, after one of `limit` that took `taken` rows in `ms`. A row is the cheaper the more go
 * together, so full batches grow while they are quick; one that is not full ends the backlog.
 */
export function nextBatch(
  { maxBatch, deepBatch }: Pick<PoolSettings, 'maxBatch' | 'deepBatch'>,
  limit: number,
  taken: number,
  ms: number,
): number {
  if (taken < limit) {
    return maxBatch;
  }
  if (ms > leases.deepBatchMs) {
    return Math.max(maxBatch, Math.floor(limit / 2));
  }
  return ms * 2 <= leases.deepBatchMs ? Math.min(deepBatch, limit * 2) : limit;
}

/** Of the rows that were handed over those that are not written meanwhile and whose key is not held. */
function mayGo(handed: readonly WorkRow[], written: readonly WorkRow[], held: readonly string[]): WorkRow[] {
  const there = new Set(written.map(({ _id }) => _id));
  const waits = new Set(held);
  return handed.filter(({ _id, key }) => !there.has(_id) && !waits.has(key));
}

/** Keys whose failed row waits for another try or for a redrive, of kinds that say `block`. */
async function heldKeys(shard: { $in: string[] }, blocking: readonly string[], now: Date): Promise<string[]> {
  const kind = { $in: [...blocking] };
  const [waiting, dead] = await Promise.all([
    Work.native().distinct('key', { shard, state: 'new', kind, notBefore: { $gt: now }, attempts: { $gt: 0 } }),
    DeadLetters.native().distinct('key', { shard, kind, redrivenAt: null }),
  ]);
  return [...new Set([...waiting, ...dead])];
}
