// A real MongoDB replica set and a real Valkey in a folder of their own, for one test run or one e2e suite; with the
// faults the suites inject. Called by test/run.ts and test/e2e.
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { findMongod, findValkey } from '#src/platform/embedded/binaries.ts';
import type { EmbeddedServer, Report } from '#src/platform/embedded/child.ts';
import { startMongod } from '#src/platform/embedded/mongod.ts';
import { stopOrphan } from '#src/platform/embedded/processes.ts';
import { startValkey } from '#src/platform/embedded/valkey.ts';

const PREFIX = 'smartstart-brain-test-';

/** What a suite may set differently. */
export interface TestServerOptions {
  readonly mongod?: { readonly cacheGb?: number; readonly setParameters?: Readonly<Record<string, string | number>> };
  readonly valkey?: { readonly settings?: Readonly<Record<string, string | number>> };
  readonly report?: Report;
}

/** Running servers. The URLs stay the same through every restart. */
export interface TestServers {
  readonly mongoUrl: string;
  readonly redisUrl: string;
  /** The DATA_DIR both live in; gone after `stop`. */
  readonly dataDir: string;
  readonly mongod: EmbeddedServer;
  readonly valkey: EmbeddedServer;
  /** Ends mongod (`kill`: SIGKILL, the default; `clean`: an ordered stop) and starts it on the same port and files. */
  restartMongod(how?: 'kill' | 'clean', downMs?: number): Promise<void>;
  /** The same for Valkey; what it had not yet written to its file is lost with `kill`. */
  restartRedis(how?: 'kill' | 'clean', downMs?: number): Promise<void>;
  /** Valkey accepts connections but answers nothing for `ms`; resolves when it goes on. */
  freezeRedis(ms: number): Promise<void>;
  /** The same for mongod. */
  freezeMongod(ms: number): Promise<void>;
  /** Empties all of Valkey. */
  flushRedis(): Promise<void>;
  /** Ends both and removes their folder. */
  stop(): Promise<void>;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A fresh folder for this process; `sweepTestServers` ends what runs in it should this process be killed. */
export async function testFolder(): Promise<string> {
  return await mkdtemp(join(tmpdir(), `${PREFIX}${String(process.pid)}-`));
}

/**
 * Ends the servers, and removes the folders, of test processes that were killed before they could do so. Returns how
 * many folders were left alone because their process still runs.
 */
export async function sweepTestServers(): Promise<number> {
  let inUse = 0;
  for (const name of await readdir(tmpdir())) {
    const owner = name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : Number.NaN;
    if (Number.isNaN(owner)) {
      continue;
    }
    if (isRunning(owner)) {
      inUse += 1;
    } else {
      const folder = join(tmpdir(), name);
      await stopOrphan(join(folder, 'valkey'), 'Valkey', () => undefined);
      await stopOrphan(join(folder, 'mongod'), 'mongod', () => undefined);
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    }
  }
  return inUse;
}

async function end(server: EmbeddedServer, how: 'kill' | 'clean'): Promise<void> {
  if (how === 'clean') {
    await server.stop();
  } else {
    server.kill('SIGKILL');
    await server.exited;
  }
}

async function freeze(server: EmbeddedServer, ms: number): Promise<void> {
  server.kill('SIGSTOP');
  try {
    await wait(ms);
  } finally {
    server.kill('SIGCONT');
  }
}

/**
 * Starts one mongod (test commands on, so that fail points work) and one Valkey. Stop them in an `after` hook.
 * @throws EmbeddedError when a server cannot be found or started; nothing is left running then
 */
export async function startTestServers(options: TestServerOptions = {}): Promise<TestServers> {
  const report = options.report ?? (() => undefined);
  const dataDir = await testFolder();
  const [mongodBinary, valkeyBinary] = await Promise.all([findMongod(report), findValkey(report)]);
  const openMongod = async (port?: number): Promise<EmbeddedServer> =>
    await startMongod({
      cacheGb: 0.5,
      ...options.mongod,
      setParameters: { enableTestCommands: 1, ...options.mongod?.setParameters },
      binary: mongodBinary,
      dataDir,
      port,
      report,
    });
  const openValkey = async (port?: number): Promise<EmbeddedServer> =>
    await startValkey({ ...options.valkey, binary: valkeyBinary, dataDir, port, report });
  const started = await Promise.allSettled([openMongod(), openValkey()]);
  const [first, second] = started;
  if (first.status === 'rejected' || second.status === 'rejected') {
    await Promise.all(started.map(async (one) => await (one.status === 'fulfilled' ? one.value.stop() : undefined)));
    await rm(dataDir, { recursive: true, force: true });
    throw first.status === 'rejected' ? first.reason : (second as PromiseRejectedResult).reason;
  }
  const now = { mongod: first.value, valkey: second.value };
  return {
    mongoUrl: first.value.url,
    redisUrl: second.value.url,
    dataDir,
    get mongod() {
      return now.mongod;
    },
    get valkey() {
      return now.valkey;
    },
    restartMongod: async (how = 'kill', downMs = 0) => {
      await end(now.mongod, how);
      await wait(downMs);
      now.mongod = await openMongod(now.mongod.port);
    },
    restartRedis: async (how = 'kill', downMs = 0) => {
      await end(now.valkey, how);
      await wait(downMs);
      now.valkey = await openValkey(now.valkey.port);
    },
    freezeRedis: async (ms) => await freeze(now.valkey, ms),
    freezeMongod: async (ms) => await freeze(now.mongod, ms),
    flushRedis: async () => await flush(now.valkey.url),
    stop: async () => {
      await Promise.all([now.valkey.stop(), now.mongod.stop()]);
      if (existsSync(dataDir)) {
        await rm(dataDir, { recursive: true, force: true, maxRetries: 3 });
      }
    },
  };
}

async function flush(url: string): Promise<void> {
  const client = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 1 });
  try {
    await client.connect();
    await client.flushall();
  } finally {
    client.disconnect();
  }
}
