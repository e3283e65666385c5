// What every process does first and last: MongoDB and Redis, the checks, the migration step.
import { roleSeed } from '#src/platform/auth/permissions.ts';
import { refuseHalfRestored } from '#src/platform/backup/restore-marker.ts';
import { openQueues } from '#src/platform/commands/queues.ts';
import { outboxSeed } from '#src/platform/events/pending-events.ts';
import { logFor } from '#src/platform/log.ts';
import { BootRefusal, closeMongo, connectMongo } from '#src/platform/mongo/connect.ts';
import { migrate } from '#src/platform/mongo/migrate.ts';
import { closeRedis, probeRedis, sharedClient } from '#src/platform/redis/clients.ts';
import { closeHints } from '#src/platform/redis/hints.ts';
import { startTracing, stopTracing } from '#src/platform/tracing/tracing.ts';
import { fillNamePrefixes } from './services/index.ts';
import { config } from '#config/env.ts';

const log = logFor('boot');

/** Brings the database to the shape this version needs; repeatable, done once. */
export async function bringIntoShape(): Promise<void> {
  await migrate([roleSeed, outboxSeed, { of: 'name-prefixes.1', sow: fillNamePrefixes }]);
}

/** Makes the database fit to be served, over a connection of its own: what serves gives a long command up. */
async function prepareDatabase(): Promise<void> {
  await connectMongo({ patient: true });
  try {
    await refuseHalfRestored();
    await bringIntoShape();
  } finally {
    await closeMongo();
  }
}

/** Connects and brings the database into shape. Redis may be away; one that evicts is refused. */
export async function connect(): Promise<void> {
  if (!config.masterKey) {
    throw new BootRefusal('MASTER_KEY is not set: give every process the same 32 random bytes in base64url');
  }
  await startTracing();
  await prepareDatabase();
  await connectMongo();
  openQueues();
  const client = sharedClient();
  if (client.status !== 'ready') {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, 2_000);
      client.once('ready', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
  const redis = await probeRedis();
  if (redis.evicts) {
    throw new BootRefusal('Redis may throw keys away: set its maxmemory-policy to noeviction');
  }
  if (!redis.ok) {
    log.warn('Redis does not answer; starting without it');
  }
}

/** Closes what `connect` opened. */
export async function disconnect(): Promise<void> {
  await closeHints();
  await closeRedis();
  await closeMongo();
  await stopTracing();
}
