// Which pools a worker process runs: those it was told, or those of the services it was told. Called by main.ts.
import { pools, type PoolName } from '#config/pools.ts';
import { poolsOfService, type Service } from '#src/platform/registry.ts';

/** What was asked for; `undefined` is everything. */
export interface Wanted {
  readonly pools: readonly PoolName[] | undefined;
  readonly services: readonly string[] | undefined;
}

/**
 * The pools to run, or a sentence why that cannot be: a service that needs none, or a pool of no named service. A pool
 * is run whole: every process has all commands, so that a shared one is done by whoever runs any of its services, and
 * those who do share its shards.
 */
export function poolsFor(all: readonly Service[], { pools: named, services }: Wanted): PoolName[] | string {
  const everything = named ?? (Object.keys(pools) as PoolName[]);
  if (services === undefined) {
    return [...everything];
  }
  const here = all.filter(({ name }) => services.includes(name));
  const theirs = new Set(here.flatMap(poolsOfService));
  if (theirs.size === 0) {
    return `${services.join(', ')} ${services.length > 1 ? 'have' : 'has'} no pool: there is nothing for a worker to do`;
  }
  const foreign = (named ?? []).find((pool) => !theirs.has(pool));
  if (foreign !== undefined) {
    return `${foreign} is no pool of ${services.join(', ')}: those have ${[...theirs].join(', ')}`;
  }
  return everything.filter((pool) => theirs.has(pool));
}
