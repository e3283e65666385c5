// Fills or drains one peer's queue in PostgreSQL, tuned as its own documents advise for throughput. Run by Node 22
// (which strips the types) with the packages of the benchmark's cache: peer.ts <fill|drain> <peer> <rows> <url> <cache> <work>
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { grant, makeTables, type Database, type Grant } from './peer-grants.ts';
import { tellBegun, tellDrained } from './told.ts';

/** The part of pg-boss that is used here. */
interface Boss {
  start(): Promise<unknown>;
  createQueue(name: string): Promise<unknown>;
  insert(name: string, jobs: { data: unknown }[]): Promise<unknown>;
  fetch(name: string, options: { batchSize: number }): Promise<{ id: string; data: Grant }[] | null>;
  complete(name: string, ids: string[]): Promise<unknown>;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  stop(options: { graceful: boolean }): Promise<unknown>;
}

/** The part of graphile-worker that is used here. */
interface Graphile {
  makeWorkerUtils(options: { connectionString: string }): Promise<{
    migrate(): Promise<void>;
    addJobs(jobs: { identifier: string; payload: unknown }[]): Promise<unknown>;
    release(): Promise<void>;
  }>;
  run(options: unknown): Promise<{ stop(): Promise<void> }>;
}

interface Pool {
  query(text: string, values?: readonly unknown[]): Promise<{ rows: { left: number }[] }>;
  end(): Promise<void>;
}

/** What graphile-worker gives a task. */
interface Helpers {
  withPgClient(body: (client: Database) => Promise<void>): Promise<void>;
}

const [action, peer = '', rowsGiven, url = '', cache = '', work = 'noop'] = process.argv.slice(2);
const rows = Number(rowsGiven);
const batch = 1_000;
const queue = 'noop';

async function load<Module>(name: string): Promise<Module> {
  const path = createRequire(join(cache, 'package.json')).resolve(name);
  return (await import(pathToFileURL(path).href)) as Module;
}

const payloads = (from: number): { n: number }[] => Array.from({ length: batch }, (_, index) => ({ n: from + index }));

async function openPool(max: number): Promise<Pool> {
  const { default: pg } = await load<{ default: { Pool: new (options: unknown) => Pool } }>('pg');
  return new pg.Pool({ connectionString: url, max });
}

async function openBoss(): Promise<Boss> {
  const { PgBoss } = await load<{ PgBoss: new (options: unknown) => Boss }>(peer);
  const boss = new PgBoss({ connectionString: url, schedule: false, supervise: false, max: 4 });
  boss.on('error', (error) => process.stderr.write(`${String(error)}\n`));
  await boss.start();
  return boss;
}

async function fillBoss(): Promise<void> {
  const boss = await openBoss();
  await boss.createQueue(queue);
  for (let from = 0; from < rows; from += batch) {
    await boss.insert(
      queue,
      payloads(from).map((data) => ({ data })),
    );
  }
  await boss.stop({ graceful: true });
}

/** Two loops of fetch and complete, 250 jobs each: faster than `work()` with any of its settings. */
async function drainBoss(): Promise<void> {
  const boss = await openBoss();
  const pool = await openPool(50);
  let completed = 0;
  const loop = async (): Promise<void> => {
    for (;;) {
      const jobs = (await boss.fetch(queue, { batchSize: 250 })) ?? [];
      if (jobs.length === 0) {
        return;
      }
      begin();
      if (work === 'grant') {
        await Promise.all(jobs.map(async ({ data }) => await grant(pool, data)));
      }
      await boss.complete(
        queue,
        jobs.map(({ id }) => id),
      );
      completed += jobs.length;
      if (completed === rows) {
        tellDrained();
      }
    }
  };
  await Promise.all([loop(), loop()]);
  await pool.end();
  await boss.stop({ graceful: true });
}

async function fillGraphile(): Promise<void> {
  const graphile = await load<Graphile>(peer);
  const utils = await graphile.makeWorkerUtils({ connectionString: url });
  await utils.migrate();
  for (let from = 0; from < rows; from += batch) {
    await utils.addJobs(payloads(from).map((payload) => ({ identifier: queue, payload })));
  }
  await utils.release();
}

/** A local queue of 500 and completions in batches. Done is a job whose row is gone. */
async function drainGraphile(): Promise<void> {
  const graphile = await load<Graphile>(peer);
  const pool = await openPool(1);
  let handled = 0;
  const ended = new Promise<void>((resolve) => {
    const watch = async (): Promise<void> => {
      const left = async (): Promise<number> =>
        (await pool.query('select count(*)::int as left from graphile_worker._private_jobs')).rows[0]?.left ?? 0;
      while ((await left()) > 0) {
        await new Promise((done) => setTimeout(done, 2));
      }
      tellDrained();
      resolve();
    };
    const task = async (payload: Grant, helpers: Helpers): Promise<void> => {
      begin();
      if (work === 'grant') {
        await helpers.withPgClient(async (client) => await grant(client, payload));
      }
      handled += 1;
      if (handled === rows) {
        void watch();
      }
    };
    void graphile.run({
      taskList: { [queue]: task },
      noHandleSignals: true,
      preset: {
        worker: {
          connectionString: url,
          concurrentJobs: 50,
          maxPoolSize: 50,
          localQueue: { size: 500 },
          completeJobBatchDelay: 0,
          failJobBatchDelay: 0,
        },
      },
    });
  });
  await ended;
  await pool.end();
}

let begun = false;
function begin(): void {
  if (!begun) {
    begun = true;
    tellBegun();
  }
}

const actions: Readonly<Record<string, () => Promise<void>>> = {
  'fill graphile-worker': fillGraphile,
  'drain graphile-worker': drainGraphile,
  'fill pg-boss': fillBoss,
  'drain pg-boss': drainBoss,
};
const chosen = actions[`${action ?? ''} ${peer}`];
if (!chosen) {
  throw new Error(`Nothing is known of ${action} ${peer}`);
}
if (action === 'fill' && work === 'grant') {
  const pool = await openPool(1);
  await makeTables(pool);
  await pool.end();
}
await chosen();
// The benchmark reads the servers' CPU before this process and its connections go.
process.on('disconnect', () => process.exit(0));
if (action === 'fill') {
  process.exit(0);
}
