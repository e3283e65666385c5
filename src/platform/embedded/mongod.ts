// The embedded MongoDB: one mongod as a replica set of one, with its files under DATA_DIR/mongod. Called by the
// supervisor and by the test servers.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type FindOptions, type FoundBinary, findMongod, inspect, seriesOf } from './binaries.ts';
import {
  EmbeddedError,
  type EmbeddedServer,
  type Report,
  type ServerProcess,
  accepts,
  lastLines,
  spawnServer,
} from './child.ts';
import { stopOrphan } from './processes.ts';
import { becomePrimary } from './replica-set.ts';
import { choosePort, readState, writeState } from './server-state.ts';

/** How to start a mongod. */
export interface MongodOptions {
  readonly binary: FoundBinary;
  /** DATA_DIR: the files go into its folder `mongod`. Absolute. */
  readonly dataDir: string;
  /** Default: the remembered port when it is free, else a free one. */
  readonly port?: number | undefined;
  /** WiredTiger's cache in GB, default 1; at least 0.25. */
  readonly cacheGb?: number;
  readonly setParameters?: Readonly<Record<string, string | number>>;
  readonly report: Report;
}

const PARAMETERS = {
  // An abandoned transaction blocks the rows it wrote until then; the default is 60.
  transactionLifetimeLimitSeconds: 5,
  minSnapshotHistoryWindowInSeconds: 0,
  diagnosticDataCollectionEnabled: 'false',
  // How long a shutdown lets clients find another member: there is none.
  shutdownTimeoutMillisForSignaledShutdown: 100,
};
const START_LIMIT_MS = 120_000;
const ADDRESS_IN_USE = 48;

const folderIn = (dataDir: string): string => join(dataDir, 'mongod');

/** The product's database on an embedded mongod. */
export const embeddedDatabase = 'smartstart_brain';

/** The connection string of an embedded mongod. */
export function mongodUrl(port: number): string {
  return `mongodb://127.0.0.1:${String(port)}/?replicaSet=rs0&directConnection=true`;
}

/** Puts a database name into a connection string of `startMongod`. */
export function withDatabase(url: string, name: string): string {
  const parts = new URL(url);
  parts.pathname = `/${name}`;
  return parts.href;
}

/**
 * The mongod for a DATA_DIR: the one that made its files while it exists, else one of the same series; for an empty
 * DATA_DIR whatever `findMongod` finds.
 * @throws EmbeddedError when the files need a series that cannot be had
 */
export async function chooseMongod(dataDir: string, report: Report, options: FindOptions = {}): Promise<FoundBinary> {
  const made = readState(folderIn(dataDir))?.binary;
  if (made === undefined) {
    return await findMongod(report, options);
  }
  const series = seriesOf(made.version);
  // Cached ones go through findMongod, which compares their SHA-256 again.
  if (made.source === 'path' && existsSync(made.path)) {
    const now = await inspect(made.path);
    if (now !== undefined && seriesOf(now.version) === series) {
      report(`Using mongod ${now.version} (${made.path}), which made the data in ${dataDir}`);
      return { ...made, version: now.version };
    }
  }
  try {
    return await findMongod(report, { ...options, series });
  } catch (error) {
    if (!(error instanceof EmbeddedError)) {
      throw error;
    }
    throw new EmbeddedError(
      `The data in ${dataDir} was made by mongod ${made.version}, which is no longer at ${made.path}, and other series refuse its files: put a mongod ${series} on the PATH, or set DATA_DIR to another folder to start empty`,
      { cause: error },
    );
  }
}

function argumentsFor(options: MongodOptions, folder: string, port: number): string[] {
  const settings = {
    dbpath: join(folder, 'data'),
    port,
    bind_ip: '127.0.0.1',
    replSet: 'rs0',
    wiredTigerCacheSizeGB: options.cacheGb ?? 1,
    logpath: join(folder, 'mongod.log'),
  };
  const parameters = Object.entries({ ...PARAMETERS, ...options.setParameters });
  return [
    ...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
    ...parameters.flatMap(([name, value]) => ['--setParameter', `${name}=${String(value)}`]),
    '--logappend',
    '--quiet',
    '--nounixsocket',
  ];
}

async function ready(server: ServerProcess, port: number): Promise<boolean> {
  const end = Date.now() + START_LIMIT_MS;
  while (server.alive() && Date.now() < end) {
    if (await accepts(port)) {
      return await becomePrimary(port, server.alive, end - Date.now());
    }
    await wait(40);
  }
  return false;
}

/** The errors at the end of a mongod's log. */
function reason(folder: string): string {
  const lines = lastLines(join(folder, 'mongod.log'), 40).split('\n');
  return lines
    .filter((line) => /"s":"[EF]"/u.test(line))
    .slice(-3)
    .join('\n');
}

/** One start on one port: the running server, or the exit code it ended with. */
async function launch(
  options: MongodOptions,
  folder: string,
  port: number,
): Promise<EmbeddedServer | { code: number | null }> {
  mkdirSync(join(folder, 'data'), { recursive: true, mode: 0o700 });
  // Before the start: a mongod that is killed while it makes its files must still be known as their maker.
  writeState(folder, { port, binary: options.binary });
  const server = spawnServer(
    options.binary.path,
    argumentsFor(options, folder, port),
    folder,
    join(folder, 'mongod.log'),
  );
  try {
    if (await ready(server, port)) {
      return { ...server, port, url: mongodUrl(port) };
    }
  } catch (error) {
    await server.stop();
    throw error;
  }
  await server.stop();
  return { code: await server.exited };
}

function refuseOtherSeries(dataDir: string, made: FoundBinary | undefined, binary: FoundBinary): void {
  if (made !== undefined && seriesOf(made.version) !== seriesOf(binary.version)) {
    throw new EmbeddedError(
      `The data in ${dataDir} was made by mongod ${made.version}, and mongod ${binary.version} refuses its files: put a mongod ${seriesOf(made.version)} on the PATH, or set DATA_DIR to another folder to start empty`,
    );
  }
}

/**
 * Starts mongod and resolves when it is a writable primary. A mongod an earlier run left on the same files is stopped first.
 * @throws EmbeddedError when the port is taken, the files were made by another series, or it ends while starting
 */
export async function startMongod(options: MongodOptions): Promise<EmbeddedServer> {
  const folder = folderIn(options.dataDir);
  const remembered = readState(folder);
  refuseOtherSeries(options.dataDir, remembered?.binary, options.binary);
  await stopOrphan(folder, 'mongod', options.report);
  for (let attempt = 1; ; attempt += 1) {
    const port = await choosePort(options.port, attempt === 1 ? remembered?.port : undefined);
    if (remembered !== undefined && remembered.port !== port) {
      options.report(`mongod moves from port ${String(remembered.port)} to ${String(port)}`);
    }
    const started = await launch(options, folder, port);
    if ('url' in started) {
      return started;
    }
    // Another program may take the port between the look and the start: then once more on another one.
    if (started.code !== ADDRESS_IN_USE || options.port !== undefined || attempt >= 5) {
      const log = join(folder, 'mongod.log');
      throw new EmbeddedError(
        `mongod did not start (exit code ${String(started.code)}): see ${log}\n${reason(folder)}`.trimEnd(),
      );
    }
  }
}
