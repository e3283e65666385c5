// Our side: accepted rows that wait while no worker runs, then one worker that drains them. Called by main.ts.
import { join } from 'node:path';
import { fork, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mongo } from 'mongoose';
import { childEnvironment } from '#config/env.ts';
import { withDatabase } from '#src/platform/embedded/mongod.ts';
import { newId } from '#src/platform/ids.ts';
import type { WorkRow } from '#src/platform/commands/work.ts';
import { grantRow, workRowOf } from '../../test/support/rows.ts';
import type { TestServers } from '../../test/support/servers.ts';
import { cpuSeconds } from '../pipeline/load.ts';
import { awaitDrain, type Drain } from './drain.ts';

/** `noop`: a command that does nothing · `grant`: the product's `gamification.xp.add`, with all that follows from it. */
export type OurWork = 'noop' | 'grant';

const people = 1_000;
const atOnce = 1_000;
export const workerArguments: string[] = [];

let databases = 0;

/** Fills a new database with people and a backlog, then lets a new worker process drain it. */
export async function drainOurs(work: OurWork, rows: number, servers: TestServers): Promise<Drain> {
  databases += 1;
  const name = `queue-${String(databases)}`;
  const environment = {
    MONGO_URL: withDatabase(servers.mongoUrl, name),
    REDIS_URL: servers.redisUrl,
    MASTER_KEY: randomBytes(32).toString('base64url'),
    KEY_PREFIX: name,
    LOG_LEVEL: 'warn',
  };
  const client = await mongo.MongoClient.connect(environment.MONGO_URL);
  try {
    await migrated(environment);
    await fill(client.db(), work, rows);
    // What filling left to write belongs to nobody's drain.
    await client.db('admin').command({ fsync: 1 });
    const child = startWorker(environment, rows);
    const ended = once(child, 'exit');
    const pids = [servers.mongod.pid, servers.valkey.pid];
    const drain = await awaitDrain(child, rows, () => cpuSeconds(pids));
    child.kill('SIGTERM');
    await ended;
    return drain;
  } finally {
    await client.db().dropDatabase();
    await client.close();
  }
}

function startWorker(environment: Record<string, string>, rows: number): ChildProcess {
  return fork(join(import.meta.dirname, 'our-worker.ts'), [String(rows)], {
    execArgv: ['--import', 'tsx', ...workerArguments],
    env: childEnvironment(environment),
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

/** A worker that comes and goes leaves collections, indexes and the shards' rows behind. */
async function migrated(environment: Record<string, string>): Promise<void> {
  const child = startWorker(environment, 0);
  await once(child, 'message');
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

async function fill(db: mongo.Db, work: OurWork, rows: number): Promise<void> {
  const ids = Array.from({ length: people }, () => newId());
  const now = new Date();
  await db.collection<{ _id: string }>('users').insertMany(
    ids.map((_id) => ({
      _id,
      email: `${_id}@example.test`,
      name: _id,
      nameKey: _id,
      roles: ['user'],
      createdAt: now,
      updatedAt: now,
      rev: 1,
    })),
  );
  for (let from = 0; from < rows; from += atOnce) {
    const batch = Array.from({ length: Math.min(atOnce, rows - from) }, (_, index) => rowOf(work, ids, from + index));
    await db.collection<WorkRow>('work').insertMany(batch);
  }
}

function rowOf(work: OurWork, ids: readonly string[], n: number): WorkRow {
  return work === 'noop'
    ? workRowOf({ kind: 'bench.noop', key: `bench.${String(n % people)}`, input: { n } })
    : grantRow(ids[(n * 7_919) % ids.length] ?? '', 'bench', `bench-${String(n)}`);
}
