// Starts and stops the owners of a worker process. Called by main.ts; tests call it with pools and registries of their own.
import type { Server } from 'node:http';
import { config } from '#config/env.ts';
import type { PoolName } from '#config/pools.ts';
import { closeQueues } from '#src/platform/commands/queues.ts';
import { listenForMetrics } from '#src/platform/metrics/door.ts';
import { measureProcess, processMetrics } from '#src/platform/metrics/metrics.ts';
import type { Running } from '#src/platform/process.ts';
import type { Registry } from '#src/platform/registry.ts';
import { connect, disconnect } from '#src/connections.ts';
import { workers } from './index.ts';

/** Connects and owns shards of the pools until stopped. */
export async function startWorkers(pools: readonly PoolName[], registry: Registry): Promise<Running> {
  await connect();
  const metrics = await serveMetrics();
  const owners = pools.map((pool) => workers[pool](registry));
  owners.forEach((owner) => owner.start());
  return {
    urls: [],
    stop: async () => {
      await Promise.all(owners.map(async (owner) => await owner.stop()));
      metrics?.close();
      await closeQueues();
      await disconnect();
    },
  };
}

async function serveMetrics(): Promise<Server | undefined> {
  if (config.metricsPort === undefined) {
    return undefined;
  }
  measureProcess();
  return await listenForMetrics(config.metricsPort, [processMetrics], config.metricsToken);
}
