// A PostgreSQL of the benchmark's own: a fresh folder, durable commits, gone afterwards. Called by main.ts.
import { spawn, execFile, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { childEnvironment } from '#config/env.ts';
import { accepts, freePort } from '#src/platform/embedded/child.ts';

const run = promisify(execFile);
const readyMs = 20_000;

/** Memory and log sizes as for a server that has the machine; commits wait for the disk, as ours do. */
const settings: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  shared_buffers: '1GB',
  max_wal_size: '4GB',
  wal_compression: 'on',
  fsync: 'on',
  synchronous_commit: 'on',
  autovacuum_naptime: '10s',
};

/** A running server. */
export interface Postgres {
  readonly version: string;
  /** The address of a database in it. */
  url(database: string): string;
  /** Runs a statement in a database. */
  sql(database: string, text: string): Promise<void>;
  /** CPU seconds that the server and every connection, ended ones too, have used so far. */
  cpuSeconds(): number;
  stop(): Promise<void>;
}

/** Programs on the PATH, else where Debian keeps them; undefined where there is none. */
function find(program: string): string | undefined {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).map((version) => join(debian, version, 'bin')) : [];
  const folders = [...(childEnvironment({})['PATH'] ?? '').split(delimiter), ...versions.toSorted().toReversed()];
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path));
}

/** PostgreSQL refuses to run as root: then it is run as the user `postgres`, else as `nobody`. */
async function unprivileged(): Promise<{ uid?: number; gid?: number }> {
  if (process.getuid?.() !== 0) {
    return {};
  }
  const users = readFileSync('/etc/passwd', 'utf8').split('\n');
  const line = users.find((each) => each.startsWith('postgres:')) ?? users.find((each) => each.startsWith('nobody:'));
  const [, , uid, gid] = (line ?? '').split(':').map(Number);
  return uid === undefined || gid === undefined ? {} : { uid, gid };
}

/** Starts a server, or gives the sentence that says why there is none. `locate`: where a program is, if anywhere. */
export async function startPostgres(locate = find): Promise<Postgres | string> {
  const [initdb, postgres, psql] = [locate('initdb'), locate('postgres'), locate('psql')];
  if (initdb === undefined || postgres === undefined || psql === undefined) {
    return 'PostgreSQL is not installed here, so its queues are left out: put initdb, postgres and psql on the PATH';
  }
  const owner = await unprivileged();
  const folder = await mkdtemp(join(tmpdir(), 'smartstart-brain-bench-'));
  if (owner.uid !== undefined && owner.gid !== undefined) {
    await chown(folder, owner.uid, owner.gid);
  }
  const data = join(folder, 'data');
  const as = { ...owner, cwd: folder, env: childEnvironment({ LC_ALL: 'C' }) };
  try {
    await run(initdb, ['-D', data, '-U', 'bench', '-A', 'trust', '-E', 'UTF8', '--no-sync'], as);
    const port = await freePort();
    const given = Object.entries({ ...settings, port: String(port) }).flatMap(([name, value]) => [
      '-c',
      `${name}=${value}`,
    ]);
    const child = spawn(postgres, ['-D', data, ...given], { ...as, stdio: 'ignore' });
    process.on('exit', () => child.kill('SIGQUIT'));
    await answering(child, port);
    const url = (database: string): string => `postgres://bench@127.0.0.1:${String(port)}/${database}`;
    return {
      version: (await run(postgres, ['--version'])).stdout.trim(),
      url,
      sql: async (database, text) => void (await run(psql, [url(database), '-qc', text])),
      cpuSeconds: () => treeCpuSeconds(child.pid ?? 0),
      stop: async () => {
        const ended = once(child, 'exit');
        child.kill('SIGINT');
        await ended;
        await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    return `PostgreSQL did not start, so its queues are left out: ${String(error)}`;
  }
}

async function answering(child: ChildProcess, port: number): Promise<void> {
  const end = Date.now() + readyMs;
  while (!(await accepts(port))) {
    if (child.exitCode !== null || Date.now() > end) {
      throw new Error(`the server ended with ${String(child.exitCode)} or did not answer`);
    }
    await delay(50);
  }
}

/** Fields of /proc/<pid>/stat after the program's name: 1 parent, 11–14 own and reaped children's ticks of 10 ms. */
function statOf(pid: number | string): string[] {
  try {
    return (
      readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
        .split(') ')[1]
        ?.split(' ') ?? []
    );
  } catch {
    return [];
  }
}

function treeCpuSeconds(root: number): number {
  const ticks = (fields: readonly string[], from: number, to: number): number =>
    fields.slice(from, to).reduce((sum, field) => sum + Number(field), 0);
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/u.test(name))
    .map((pid) => statOf(pid))
    .filter((fields) => Number(fields[1]) === root);
  return (ticks(statOf(root), 11, 15) + children.reduce((sum, fields) => sum + ticks(fields, 11, 13), 0)) / 100;
}
