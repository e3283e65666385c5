// The embedded Valkey (or Redis), with its append-only file under DATA_DIR/valkey. Called by the supervisor and by the
// test servers.
import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { type FoundBinary, compareVersions } from './binaries.ts';
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
import { choosePort, readState, writeState } from './server-state.ts';

/** How to start a Valkey or Redis. */
export interface ValkeyOptions {
  readonly binary: FoundBinary;
  /** DATA_DIR: the files go into its folder `valkey`. Absolute. */
  readonly dataDir: string;
  /** Default: the remembered port when it is free, else a free one. */
  readonly port?: number | undefined;
  /** More settings by name, such as `maxmemory`. */
  readonly settings?: Readonly<Record<string, string | number>>;
  readonly report: Report;
}

/** The connection string of an embedded Valkey. */
export function valkeyUrl(port: number): string {
  return `redis://127.0.0.1:${String(port)}`;
}

const START_LIMIT_MS = 60_000;

function argumentsFor(options: ValkeyOptions, folder: string, port: number): string[] {
  const settings = {
    bind: '127.0.0.1',
    port,
    dir: join(folder, 'data'),
    save: '',
    appendonly: 'yes',
    appendfsync: 'everysec',
    'maxmemory-policy': 'noeviction',
    loglevel: 'notice',
    // The command line stays as it was started: a later run knows an orphan by the folder in it.
    'set-proc-title': 'no',
    ...options.settings,
  };
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

async function answersPing(port: number): Promise<boolean> {
  const client = new Redis({
    host: '127.0.0.1',
    port,
    lazyConnect: true,
    retryStrategy: null,
    enableReadyCheck: false,
    connectTimeout: 2_000,
  });
  // Refused connections are expected while it starts; the promises below say so too.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.ping()) === 'PONG';
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
}

async function ready(server: ServerProcess, port: number): Promise<boolean> {
  const end = Date.now() + START_LIMIT_MS;
  while (server.alive() && Date.now() < end) {
    if ((await accepts(port)) && (await answersPing(port))) {
      return true;
    }
    await wait(30);
  }
  return false;
}

/** Files of another product or of a newer version cannot be read: they are set aside, for MongoDB holds the truth. */
function setAsideForeignFiles(folder: string, made: FoundBinary | undefined, options: ValkeyOptions): void {
  const { product, version } = options.binary;
  if (made === undefined || (made.product === product && compareVersions(version, made.version) >= 0)) {
    return;
  }
  const aside = join(folder, `data.${made.product}-${made.version}.${String(Date.now())}`);
  renameSync(join(folder, 'data'), aside);
  options.report(
    `${product} ${version} cannot read the files of ${made.product} ${made.version}: they are now ${aside}, and what is needed is rebuilt from MongoDB`,
  );
}

async function launch(options: ValkeyOptions, folder: string, port: number): Promise<EmbeddedServer | undefined> {
  mkdirSync(join(folder, 'data'), { recursive: true, mode: 0o700 });
  writeState(folder, { port, binary: options.binary });
  const server = spawnServer(
    options.binary.path,
    argumentsFor(options, folder, port),
    folder,
    join(folder, 'valkey.log'),
  );
  if (await ready(server, port)) {
    return { ...server, port, url: valkeyUrl(port) };
  }
  await server.stop();
  return undefined;
}

/**
 * Starts Valkey or Redis and resolves when it answers. One an earlier run left on the same files is stopped first.
 * @throws EmbeddedError when the port is taken or it ends while starting
 */
export async function startValkey(options: ValkeyOptions): Promise<EmbeddedServer> {
  const folder = join(options.dataDir, 'valkey');
  const remembered = readState(folder);
  await stopOrphan(folder, 'Valkey', options.report);
  setAsideForeignFiles(folder, remembered?.binary, options);
  for (let attempt = 1; ; attempt += 1) {
    const port = await choosePort(options.port, attempt === 1 ? remembered?.port : undefined);
    if (remembered !== undefined && remembered.port !== port) {
      options.report(`Valkey moves from port ${String(remembered.port)} to ${String(port)}`);
    }
    const server = await launch(options, folder, port);
    if (server !== undefined) {
      return server;
    }
    const log = join(folder, 'valkey.log');
    // Another program may take the port between the look and the start: then once more on another one.
    if (options.port !== undefined || attempt >= 3 || !/Address already in use/u.test(lastLines(log, 5))) {
      throw new EmbeddedError(`Valkey did not start: see ${log}\n${lastLines(log, 3)}`.trimEnd());
    }
  }
}
