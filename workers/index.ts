// The fleet as a list: which owner a process starts for each pool.
import type { PoolName } from '#config/pools.ts';
import type { Owner } from '#src/platform/commands/owner.ts';
import type { Registry } from '#src/platform/registry.ts';
import { effectsWorker } from './effects.worker.ts';
import { feedsWorker } from './feeds.worker.ts';
import { gamificationWorker } from './gamification.worker.ts';
import { machinesWorker } from './machines.worker.ts';
import { operationsWorker } from './operations.worker.ts';
import { webhooksWorker } from './webhooks.worker.ts';

/** Makes the owner of a pool's shards in this process. */
export type PoolWorker = (registry: Registry) => Owner;

/** Every pool's worker. */
export const workers: Readonly<Record<PoolName, PoolWorker>> = {
  gamification: gamificationWorker,
  machines: machinesWorker,
  operations: operationsWorker,
  effects: effectsWorker,
  webhooks: webhooksWorker,
  feeds: feedsWorker,
};
