// The migration step: collections, indexes, shards and seeds, made once under a lock before anything serves.
import { setTimeout as delay } from 'node:timers/promises';
import type { mongo } from 'mongoose';
import { pools, type PoolName } from '#config/pools.ts';
import { Shards, shardsOf } from '../commands/work.ts';
import { canonicalJson, sha256 } from '../ids.ts';
import { logFor } from '../log.ts';
import { collections, type Collection } from './collection.ts';
import { leaseMs, takeLease, type Lease } from './lease.ts';
import { Meta } from './meta.ts';
import type { Seed } from './seed.ts';

const log = logFor('migrate');

/**
 * Brings the database to the shape this version needs. Many processes may start at once: one works, the others wait.
 * A database that has the shape already is left alone. An index of a large collection is one command that takes minutes:
 * call it over a patient connection (connectMongo). `lockMs`: how long others wait for one that was killed at it.
 */
export async function migrate(seeds: readonly Seed[] = [], lockMs = leaseMs): Promise<void> {
  const digest = sha256(
    canonicalJson([
      [...collections.values()].map(({ name, indexes, retired }) => [name, indexes, retired]),
      pools,
      seeds.map((seed) => seed.of),
    ]),
  );
  let lease: Lease | null = null;
  while (!lease) {
    if ((await Meta.native().findOne({ _id: 'schema' }))?.digest === digest) {
      return;
    }
    lease = await takeLease('lock', lockMs);
    if (!lease) {
      await delay(100);
    }
  }
  try {
    await shape(seeds);
    await Meta.native().updateOne({ _id: 'schema' }, { $set: { digest } }, { upsert: true });
    log.info({ collections: collections.size }, 'The database has the shape this version needs');
  } finally {
    await lease.release();
  }
}

async function shape(seeds: readonly Seed[]): Promise<void> {
  await makeCollections();
  await makeShards();
  for (const seed of seeds) {
    await seed.sow();
  }
}

/**
 * Makes the next `migrate` do all of its work: for a restored database, which has the rows but not the indexes. Locks of
 * the backup's moment are nobody's.
 */
export async function forgetShape(): Promise<void> {
  await Meta.native().deleteMany({ $or: [{ _id: 'schema' }, { holder: { $exists: true } }] });
}

async function makeCollections(): Promise<void> {
  for (const collection of collections.values()) {
    await collection.model.createCollection();
    if (collection.indexes.length > 0) {
      await collection.native().createIndexes(collection.indexes as unknown as mongo.IndexDescription[]);
    }
    await dropRetired(collection);
  }
}

async function dropRetired(collection: Collection<{ _id: string }>): Promise<void> {
  const keys = new Set(collection.retired.map((key) => JSON.stringify(key)));
  const there = keys.size > 0 ? await collection.native().indexes() : [];
  for (const { key, name = '' } of there.filter((index) => keys.has(JSON.stringify(index.key)))) {
    log.info({ index: name, key }, 'Dropping an index that is not needed any more');
    await collection.native().dropIndex(name);
  }
}

async function makeShards(): Promise<void> {
  const rows = (Object.keys(pools) as PoolName[]).flatMap((pool) => shardsOf(pool).map((_id) => ({ _id, pool })));
  await Shards.native().bulkWrite(
    rows.map(({ _id, pool }) => ({
      updateOne: { filter: { _id }, update: { $setOnInsert: { pool, owner: null, epoch: 0 } }, upsert: true },
    })),
  );
}
