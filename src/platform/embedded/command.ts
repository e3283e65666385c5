// Runs a command of the product on the servers of a DATA_DIR: beside a running `npm start`, or with servers of its own
// where none runs. Called by src/backup.ts and src/restore.ts.
import { spawn } from 'node:child_process';
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
  /** `data`: only where a DATA_DIR has data · `makes-data`: data is there afterwards, with its accounts. */
  readonly on: 'data' | 'makes-data';
  readonly report: Report;
}

interface Addresses {
  readonly mongo: string;
  readonly redis: string;
}

/**
 * Runs the command and resolves with its exit code; servers that were started for it are stopped again.
 * @throws EmbeddedError where there is no data or a server does not start
 */
export async function runOnEmbedded(command: EmbeddedCommand): Promise<number> {
  const { dataDir } = command.config;
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

async function run({ config, script, args }: EmbeddedCommand, { mongo, redis }: Addresses): Promise<number> {
  const environment = {
    MONGO_URL: withDatabase(mongo, embeddedDatabase),
    REDIS_URL: redis,
    MASTER_KEY: config.masterKey ?? masterKeyIn(config.dataDir),
  };
  const child = spawn(process.execPath, [...nodeArguments(script), ...args], {
    env: childEnvironment(environment),
    stdio: 'inherit',
  });
  // A signal ends the command; the servers are stopped afterwards, in order.
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  signals.forEach((name) => process.on(name, pass));
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (exitCode) => resolve(exitCode ?? 130));
  });
  signals.forEach((name) => process.off(name, pass));
  return code;
}
