// The BullMQ side of an owner: one consumer for each shard it owns, which wakes it. Jobs name rows and hold nothing else.
import { Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { config } from '#config/env.ts';
import { logFor } from '../log.ts';
import { pipelinedClient } from '../redis/clients.ts';
import type { Owner } from './owner.ts';
import { wakeJob } from './queues.ts';

const log = logFor('work');
let opened: Redis | undefined;

/** BullMQ makes a blocking duplicate of it for each consumer. One that was closed with the others is made anew. */
function connection(): Redis {
  if (opened === undefined || opened.status === 'end') {
    opened = pipelinedClient('consumers');
  }
  return opened;
}

/** Opens a BullMQ consumer for each shard that is owned now and closes the others. */
export function consume(consumers: Map<string, Worker>, shards: ReadonlySet<string>, owner: Owner): void {
  for (const [shard, worker] of consumers) {
    if (!shards.has(shard)) {
      consumers.delete(shard);
      worker.close(true).catch(() => undefined);
    }
  }
  for (const shard of shards) {
    if (!consumers.has(shard)) {
      consumers.set(shard, consumer(shard, owner));
    }
  }
}

function consumer(shard: string, owner: Owner): Worker {
  const worker = new Worker<unknown>(
    shard,
    async (job) => {
      // A queue is a door too: what a job names is looked up by the owner, and nothing else in it counts.
      const { rows, handed } = wakeJob.parse(job.data);
      if (!handed) {
        await owner.drained();
      }
      return { rows: rows.length };
    },
    {
      connection: connection(),
      prefix: config.keyPrefix,
      concurrency: 64,
      maxStalledCount: 3,
      drainDelay: 5,
    },
  );
  worker.on('error', (error) => log.debug({ shard, reason: error.message }, 'The queue did not answer'));
  return worker;
}
