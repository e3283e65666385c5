// Runs a command of the product on the servers of a DATA_DIR: beside a running `npm start`, or with servers of its own
// where none runs. Called by src/backup.ts, src/restore.ts and workers/main.ts.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { childEnvironment, type Config } from '#config/env.ts';
import { findValkey } from './binaries.ts';
import { EmbeddedError, type EmbeddedServer, type Report } from './child.ts';
import { claimDataDir, firstAdminMade, isClaimed, masterKeyIn, noteFirstAdmin } from './data-dir.ts';
import { chooseMongod, embeddedDatabase, mongodUrl, startMongod, withDatabase } from './mongod.ts';
import { nodeArguments } from './scripts.ts';
import { readState } from './server-state.ts';
import { startValkey, valkeyUrl } from './valkey.ts';

/** What is run. */
export interface EmbeddedCommand {
  readonly config: Config;
  /** Absolute path of the script; it finds MONGO_URL, REDIS_URL and MASTER_KEY in its environment. */
  readonly script: string;
  readonly args: readonly string[];
  /**
   * `data`: only where a DATA_DIR has data · `makes-data`: data is there afterwards, with its accounts · `running`: only
   * beside a running start, and ended with it.
   */
  readonly on: 'data' | 'makes-data' | 'running';
  readonly report: Report;
}

interface Addresses {
  readonly mongo: string;
  readonly redis: string;
}

/** How often a command that needs a running start looks whether it still runs. */
const LOOK_MS = 1_000;

/**
 * Runs the command and resolves with its exit code; servers that were started for it are stopped again.
 * @throws EmbeddedError where there is no data, nothing runs for a command that needs it, or a server does not start
 */
export async function runOnEmbedded(command: EmbeddedCommand): Promise<number> {
  const { dataDir } = command.config;
  if (command.on === 'running' && !(await isClaimed(dataDir))) {
    throw new EmbeddedError(
      `Nothing runs on ${dataDir}: start it with npm start, set DATA_DIR to where it runs, or set MONGO_URL, REDIS_URL and MASTER_KEY`,
    );
  }
  if (command.on === 'data' && !existsSync(join(dataDir, 'mongod'))) {
    throw new EmbeddedError(`There is no data in ${dataDir}: set DATA_DIR to its folder, or MONGO_URL to its server`);
  }
  return (await isClaimed(dataDir)) ? await run(command, runningServers(command)) : await runWithOwn(command);
}

/** Where the servers of the running start listen. */
function runningServers({ config }: EmbeddedCommand): Addresses {
  const portOf = (folder: string): number => {
    const port = readState(join(config.dataDir, folder))?.port;
    if (port === undefined) {
      throw new EmbeddedError(`SmartStart Brain is just starting on ${config.dataDir}: try again when it is ready`);
    }
    return port;
  };
  return { mongo: mongodUrl(portOf('mongod')), redis: config.redisUrl ?? valkeyUrl(portOf('valkey')) };
}

async function runWithOwn(command: EmbeddedCommand): Promise<number> {
  const { config, report } = command;
  const { dataDir } = config;
  const release = await claimDataDir(dataDir);
  const servers: EmbeddedServer[] = [];
  const keep = (server: EmbeddedServer): string => {
    servers.push(server);
    return server.url;
  };
  try {
    report('Starting the servers of the data, for this command alone');
    const mongo = keep(await startMongod({ binary: await chooseMongod(dataDir, report), dataDir, cacheGb: 1, report }));
    const redis = config.redisUrl ?? keep(await startValkey({ binary: await findValkey(report), dataDir, report }));
    const code = await run(command, { mongo, redis });
    if (code === 0 && command.on === 'makes-data' && !firstAdminMade(dataDir)) {
      // Its admins came with the data: the next start must not show the password of one that it does not make.
      noteFirstAdmin(dataDir, 'in the restored data');
    }
    return code;
  } finally {
    await Promise.all(servers.map(async (server) => await server.stop()));
    release();
  }
}

async function run(command: EmbeddedCommand, { mongo, redis }: Addresses): Promise<number> {
  const { config, script, args } = command;
  const environment = {
    MONGO_URL: withDatabase(mongo, embeddedDatabase),
    REDIS_URL: redis,
    MASTER_KEY: config.masterKey ?? masterKeyIn(config.dataDir),
  };
  const child = spawn(process.execPath, [...nodeArguments(script), ...args], {
    env: childEnvironment(environment),
    // A process that stays ends when the channel to this one closes, and on a SIGTERM from here alone.
    stdio: command.on === 'running' ? ['inherit', 'inherit', 'inherit', 'ipc'] : 'inherit',
  });
  // A signal ends the command; the servers are stopped afterwards, in order.
  const pass = (signal: NodeJS.Signals): void => void child.kill(command.on === 'running' ? 'SIGTERM' : signal);
  const look = command.on === 'running' ? setInterval(() => void endWithStart(command, child), LOOK_MS) : undefined;
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  signals.forEach((name) => process.on(name, pass));
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (exitCode) => resolve(exitCode ?? 130));
  });
  signals.forEach((name) => process.off(name, pass));
  clearInterval(look);
  return code;
}

/** Ends the child when nothing runs on its DATA_DIR any more: it must not be there when a backup is restored. */
async function endWithStart({ config, report }: EmbeddedCommand, child: ChildProcess): Promise<void> {
  if (!(await isClaimed(config.dataDir)) && child.exitCode === null && !child.killed) {
    report(`Nothing runs on ${config.dataDir} any more: stopping too`);
    child.kill('SIGTERM');
  }
}
