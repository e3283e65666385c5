// Who should own which shard: a pure function of the living owners, so that all processes come to the same answer.
import { groupBy } from '../group-by.ts';

/** A living owner: one process's tenure in one pool. */
export interface Candidate {
  readonly _id: string;
  readonly pool: string;
  readonly node: string;
}

/**
 * Deals the shards of the pools out to their owners. Pools that the same processes run are dealt together, in
 * contiguous runs of equal length: a process then has whole pools where it can, and its batches are as large as can
 * be (three workers beside each other commit one pool each, not a third of every batch). Every shard of a pool that
 * has an owner gets one; counts differ by at most one between processes that run the same pools.
 */
export function dealShards(
  shardsByPool: ReadonlyMap<string, readonly string[]>,
  owners: readonly Candidate[],
): Map<string, string> {
  const ownerOf = new Map<string, string>();
  for (const owner of owners.toSorted((left, right) => (left._id < right._id ? 1 : -1))) {
    ownerOf.set(`${owner.pool} ${owner.node}`, owner._id);
  }
  const nodesOf = (pool: string): string[] =>
    [...new Set(owners.filter((owner) => owner.pool === pool).map(({ node }) => node))].toSorted();
  const dealt = new Map<string, string>();
  for (const pools of groupBy(shardsByPool.keys(), (pool) => nodesOf(pool).join(' ')).values()) {
    const nodes = nodesOf(pools[0] ?? '');
    const shards = pools.flatMap((pool) => (shardsByPool.get(pool) ?? []).map((shard) => ({ shard, pool })));
    shards.forEach(({ shard, pool }, index) => {
      const node = nodes[Math.floor((index * nodes.length) / shards.length)];
      const owner = node === undefined ? undefined : ownerOf.get(`${pool} ${node}`);
      if (owner !== undefined) {
        dealt.set(shard, owner);
      }
    });
  }
  return dealt;
}
