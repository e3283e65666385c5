// The peers: their pinned packages in a cache folder of this user, and a drain by each. Called by main.ts.
import { execFile, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { childEnvironment } from '#config/env.ts';
import { defaultCacheDir } from '#src/platform/embedded/cache.ts';
import type { Postgres } from './postgres.ts';
import { awaitDrain, type Drain } from './drain.ts';

const run = promisify(execFile);
const script = join(import.meta.dirname, 'peer.ts');

/** The peers need a later Node than the product does: npm's `node` package brings it. */
const packages = {
  node: '22.23.3',
  pg: '8.23.1',
  'graphile-worker': '0.18.0',
  'pg-boss': '12.38.0',
} as const;

/** The names of the peers, as tables show them. */
export const peers = ['graphile-worker', 'pg-boss'] as const;
/** One of them. */
export type Peer = (typeof peers)[number];

/** Where the packages are. Installs them once. @throws Error where npm cannot */
export async function installPeers(say: (line: string) => void): Promise<string> {
  const folder = join(defaultCacheDir(), 'bench-queue');
  const wanted = JSON.stringify({ private: true, dependencies: packages });
  const manifest = join(folder, 'package.json');
  const installed = await readFile(join(folder, 'installed.json'), 'utf8').catch(() => '');
  if (installed !== wanted) {
    say('Installing the peers once (npm, about 210 MB)');
    await mkdir(folder, { recursive: true });
    await writeFile(manifest, wanted);
    await run('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund'], {
      cwd: folder,
      env: childEnvironment({ npm_config_engine_strict: 'false' }),
    });
    if (!existsSync(nodeOf(folder))) {
      throw new Error('npm installed no Node 22');
    }
    await writeFile(join(folder, 'installed.json'), wanted);
  }
  return folder;
}

const nodeOf = (cache: string): string => join(cache, 'node_modules', 'node', 'bin', 'node');

/** The versions as tables name them. */
export function titleOf(peer: Peer): string {
  return `${peer} ${packages[peer]}`;
}

/** Fills a peer's queue in a new database, then lets a new process drain it. */
export async function drainPeer(
  peer: Peer,
  work: 'noop' | 'grant',
  rows: number,
  postgres: Postgres,
  cache: string,
  round: number,
): Promise<Drain> {
  const database = `${peer.replaceAll('-', '_')}_${work}_${String(round)}`;
  await postgres.sql('postgres', `create database ${database}`);
  const start = (action: string) =>
    fork(script, [action, peer, String(rows), postgres.url(database), cache, work], {
      execPath: nodeOf(cache),
      execArgv: ['--disable-warning=ExperimentalWarning'],
      // A line of log for each job is nobody's tuning.
      env: childEnvironment({ NO_LOG_SUCCESS: '1' }),
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
  const [code] = (await once(start('fill'), 'exit')) as [number | null];
  if (code !== 0) {
    throw new Error(`${peer} was not filled: it ended with ${String(code)}`);
  }
  await postgres.sql(database, 'analyze');
  await postgres.sql('postgres', 'checkpoint');
  const child = start('drain');
  const ended = once(child, 'exit');
  const drain = await awaitDrain(child, rows, () => postgres.cpuSeconds());
  child.disconnect();
  await ended;
  await postgres.sql('postgres', `drop database ${database} with (force)`);
  return drain;
}
