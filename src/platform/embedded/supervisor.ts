// Everything on one machine: the embedded servers and the product's own processes, started, watched and stopped in
// order. Called by src/start.ts.
import type { Config } from '#config/env.ts';
import { findValkey } from './binaries.ts';
import { EmbeddedError, type EmbeddedServer, type Report, isFree } from './child.ts';
import { type ChildSpec, type Kept, type KeptChild, type ServedUrl, keepChild, keepServer } from './children.ts';
import { claimDataDir, firstAdminMade, firstAdminPassword, masterKeyIn, noteFirstAdmin } from './data-dir.ts';
import { chooseMongod, embeddedDatabase, startMongod, withDatabase } from './mongod.ts';
import { startValkey } from './valkey.ts';

/** What is supervised. */
export interface Supervised {
  readonly config: Config;
  /** The first is the API: it gets the first admin's credentials, and is the first to be stopped. */
  readonly children: readonly ChildSpec[];
  /** WiredTiger's cache in GB. */
  readonly cacheGb?: number;
  readonly report: Report;
}

interface FirstAdmin {
  readonly email: string;
  readonly password: string;
}

const DEFAULT_ADMIN = 'admin@localhost.test';
/** One Ctrl-C can arrive twice: from the terminal, and passed on by the parent. A second one within this is the same. */
const SAME_SIGNAL_MS = 500;

/** What runs, in the order it was started; it is stopped in the opposite order, except that the API goes first. */
interface Running {
  readonly servers: { title: string; kept: Kept }[];
  readonly children: { title: string; kept: KeptChild }[];
}

class Interrupted extends Error {}

async function refuseTakenPort(port: number): Promise<void> {
  if (!(await isFree(port))) {
    throw new EmbeddedError(
      `Port ${String(port)} is taken by another program: stop it, or choose another port, for example PORT=${String(port + 1)} npm start`,
    );
  }
}

/** Starts the servers the settings do not name, both at once; what started is in `running` even when the other fails. */
async function startServers(
  options: Supervised,
  running: Running,
  signal: AbortSignal,
  giveUp: (reason: string) => void,
): Promise<Record<string, string>> {
  const { config, report } = options;
  const { dataDir } = config;
  const keep = (title: string, server: EmbeddedServer, restart: (port: number) => Promise<EmbeddedServer>): void => {
    running.servers.push({ title, kept: keepServer(title, server, restart, report, giveUp) });
  };
  const mongod = async (): Promise<string> => {
    const binary = await chooseMongod(dataDir, report, { signal });
    const open = async (port?: number): Promise<EmbeddedServer> =>
      await startMongod({ binary, dataDir, port, cacheGb: options.cacheGb ?? 1, report });
    const server = await open();
    keep('MongoDB', server, open);
    return withDatabase(server.url, embeddedDatabase);
  };
  const valkey = async (): Promise<string> => {
    const binary = await findValkey(report, { signal });
    const open = async (port?: number): Promise<EmbeddedServer> => await startValkey({ binary, dataDir, port, report });
    const server = await open();
    keep('Valkey', server, open);
    return server.url;
  };
  const [mongo, redis] = await Promise.allSettled([config.mongoUrl ?? mongod(), config.redisUrl ?? valkey()]);
  if (mongo.status === 'rejected') {
    throw mongo.reason;
  }
  if (redis.status === 'rejected') {
    throw redis.reason;
  }
  return { MONGO_URL: mongo.value, REDIS_URL: redis.value };
}

/** The credentials to make the first admin with: only for an embedded database that has none yet. */
function firstAdmin(config: Config, masterKey: string): FirstAdmin | undefined {
  const given = config.bootstrapAdminPassword !== undefined;
  if (given || config.mongoUrl !== undefined || firstAdminMade(config.dataDir)) {
    return undefined;
  }
  return { email: config.bootstrapAdminEmail ?? DEFAULT_ADMIN, password: firstAdminPassword(masterKey) };
}

function startChildren(
  options: Supervised,
  running: Running,
  environment: Record<string, string>,
  admin: FirstAdmin | undefined,
  giveUp: (reason: string) => void,
): void {
  const credentials = admin && { BOOTSTRAP_ADMIN_EMAIL: admin.email, BOOTSTRAP_ADMIN_PASSWORD: admin.password };
  for (const [index, spec] of options.children.entries()) {
    const own = index === 0 ? { ...environment, ...credentials } : environment;
    running.children.push({ title: spec.title, kept: keepChild(spec, own, options.report, giveUp) });
  }
}

function tell(options: Supervised, urls: readonly ServedUrl[], admin: FirstAdmin | undefined, seconds: number): void {
  const { config, report } = options;
  const rows = [...urls, { name: 'Guide', url: 'README.md' }, { name: 'Data', url: config.dataDir }];
  const width = Math.max(...rows.map((row) => row.name.length)) + 2;
  const lines = rows.map((row) => `  ${row.name.padEnd(width)}${row.url}`);
  const shown = admin && [
    '',
    `  First admin   ${admin.email}`,
    `  Password      ${admin.password}`,
    '  It is shown this once and kept nowhere: note it now',
  ];
  const text = [
    '',
    `SmartStart Brain is ready after ${seconds.toFixed(1)} s`,
    '',
    ...lines,
    ...(shown ?? []),
    '',
    'Ctrl-C stops everything; the data stays',
    '',
  ];
  for (const line of text) {
    report(line);
  }
}

async function stopAll(running: Running, report: Report): Promise<void> {
  // The API first: while it finishes its answers, the workers that do the work for them are still there.
  for (const { title, kept } of running.children) {
    report(`Stopping the ${title}`);
    await kept.stop();
  }
  for (const title of ['Valkey', 'MongoDB']) {
    const server = running.servers.find((entry) => entry.title === title);
    if (server !== undefined) {
      report(`Stopping ${title}`);
      await server.kept.stop();
    }
  }
}

function killAll(running: Running): void {
  for (const { kept } of [...running.children, ...running.servers]) {
    kept.kill();
  }
}

async function startAll(
  options: Supervised,
  running: Running,
  signal: AbortSignal,
  giveUp: (reason: string) => void,
): Promise<void> {
  const { config } = options;
  const began = Date.now();
  const masterKey = config.masterKey ?? masterKeyIn(config.dataDir);
  const urls = await startServers(options, running, signal, giveUp);
  signal.throwIfAborted();
  const admin = firstAdmin(config, masterKey);
  startChildren(
    options,
    running,
    { ...urls, MASTER_KEY: masterKey, DATA_DIR: config.dataDir, DRAIN_SECONDS: '0' },
    admin,
    giveUp,
  );
  const served = (await Promise.all(running.children.map(async ({ kept }) => await kept.ready))).flat();
  tell(options, served, admin, (Date.now() - began) / 1000);
  if (admin !== undefined) {
    noteFirstAdmin(config.dataDir, admin.email);
  }
}

/** Resolves with why everything is to be stopped: undefined for a request (a signal, the parent gone). */
function listenForEnd(
  running: Running,
  report: Report,
): { ended: Promise<string | undefined>; giveUp: (reason: string) => void; off: () => void } {
  let giveUp: (reason: string) => void = () => undefined;
  let firstAt: number | undefined;
  let onSignal: () => void = () => undefined;
  const ended = new Promise<string | undefined>((resolve) => {
    giveUp = resolve;
    onSignal = () => {
      if (firstAt === undefined) {
        firstAt = Date.now();
        resolve(undefined);
      } else if (Date.now() - firstAt > SAME_SIGNAL_MS) {
        report('Ending everything by force; the data is safe');
        killAll(running);
        // A server that is still starting is not in the list: the next start finds and ends it.
        setTimeout(() => process.exit(130), 2_000).unref();
      }
    };
  });
  // A supervisor that falls over would leave the databases behind: it stops everything instead.
  const onError = (error: unknown): void =>
    giveUp(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.on('uncaughtException', onError);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  signals.forEach((name) => process.on(name, onSignal));
  process.once('disconnect', onSignal);
  return {
    ended,
    giveUp,
    off: () => {
      signals.forEach((name) => process.off(name, onSignal));
      process.off('disconnect', onSignal);
      process.off('uncaughtException', onError);
    },
  };
}

/**
 * Runs everything until a signal, or until it is no use. Resolves with the exit code: 0 after a stop on request, 1
 * when something could not be started or kept running; the reason was reported.
 */
export async function supervise(options: Supervised): Promise<number> {
  const { config, report } = options;
  const running: Running = { servers: [], children: [] };
  const abort = new AbortController();
  const end = listenForEnd(running, report);
  let release: (() => void) | undefined;
  const starting = (async () => {
    release = await claimDataDir(config.dataDir);
    await refuseTakenPort(config.port);
    await startAll(options, running, abort.signal, end.giveUp);
  })();
  const failed = starting.then(
    async () => await end.ended,
    (error: unknown) =>
      error instanceof EmbeddedError ? error.message : `${error instanceof Error ? error.stack : String(error)}`,
  );
  const reason = await Promise.race([end.ended, failed]);
  if (reason !== undefined) {
    report(reason);
  }
  abort.abort(new Interrupted('Stopped while starting'));
  await settle(starting, running);
  await stopAll(running, report);
  release?.();
  end.off();
  report(reason === undefined ? 'Stopped' : 'Stopped, because of what is said above');
  return reason === undefined ? 0 : 1;
}

/** Waits for a start that is under way to let go, so that no server appears after the stop; a start that waits for its children is not waited for. */
async function settle(starting: Promise<void>, running: Running): Promise<void> {
  if (running.children.length === 0) {
    await starting.catch(() => undefined);
  }
}
