// Child processes, ports and small state files of the embedded servers. Called by everything in this folder.
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/** Takes one human sentence about what is going on; called now and then, never per byte. */
export type Report = (line: string) => void;

/** A failure whose message is the sentence the operator needs; shown without a stack. */
export class EmbeddedError extends Error {
  override readonly name = 'EmbeddedError';
}

/** A database server this process started and answers for. */
export interface EmbeddedServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Ends it cleanly, by force after 15 s; resolves when it is gone. Safe to call again. */
  stop(): Promise<void>;
  /** Sends a signal and returns at once. */
  kill(signal: NodeJS.Signals): void;
  /** Resolves with the exit code (null: by a signal) when the process is gone, for whatever reason. */
  readonly exited: Promise<number | null>;
}

/** The process of one server, before it is known to answer. */
export interface ServerProcess extends Pick<EmbeddedServer, 'stop' | 'kill' | 'exited' | 'pid'> {
  /** True until the process is gone. */
  readonly alive: () => boolean;
}

const STOP_LIMIT_MS = 15_000;
const LOG_LIMIT_BYTES = 16 * 1024 * 1024;

/** Resolves true when `promise` settles within `limitMs`, else false. Leaves no timer behind. */
export async function settledWithin(promise: Promise<unknown>, limitMs: number): Promise<boolean> {
  const timer = new AbortController();
  const settled = promise.then(
    () => true,
    () => true,
  );
  const late = wait(limitMs, false, { signal: timer.signal }).catch(() => false);
  const result = await Promise.race([settled, late]);
  timer.abort();
  return result;
}

/** Opens the log for appending; what is longer than 16 MiB is kept once as `<file>.1`. */
function openLog(file: string): number {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LOG_LIMIT_BYTES) {
    renameSync(file, `${file}.1`);
  }
  return openSync(file, 'a', 0o600);
}

/** The file in a server's folder that names its running process. */
export const pidFile = (folder: string): string => join(folder, 'server.pid');

/**
 * Starts a server in a session of its own, so that Ctrl-C in a terminal does not reach it before those who use it
 * are done, and notes its pid in `folder` for a later start to find.
 */
export function spawnServer(binary: string, args: readonly string[], folder: string, logFile: string): ServerProcess {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const log = openLog(logFile);
  const child = spawn(binary, args, { cwd: folder, detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => resolve(code));
    child.once('error', () => resolve(null));
  });
  const pid = child.pid ?? 0;
  if (pid > 0) {
    writeFileSync(pidFile(folder), `${String(pid)}\n`);
  }
  return handleOf(child, pid, exited, folder);
}

function handleOf(child: ChildProcess, pid: number, exited: Promise<number | null>, folder: string): ServerProcess {
  let gone = pid === 0;
  void exited.then(() => {
    gone = true;
    rmSync(pidFile(folder), { force: true });
  });
  const kill = (signal: NodeJS.Signals): void => {
    if (!gone) {
      child.kill(signal);
    }
  };
  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    kill('SIGTERM');
    if (!(await settledWithin(exited, STOP_LIMIT_MS))) {
      kill('SIGKILL');
      await exited;
    }
  };
  return { pid, exited, kill, alive: () => !gone, stop: async () => await (stopping ??= stop()) };
}

/** True when nothing listens on the port; without a host, on any address of this machine. */
export async function isFree(port: number, host?: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/** True when something accepts connections on the port of 127.0.0.1. */
export async function accepts(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

/** A port of 127.0.0.1 that is free now, below the range the system hands out to outgoing connections. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    if (await isFree(port, '127.0.0.1')) {
      return port;
    }
  }
  throw new EmbeddedError(
    'No free port was found between 20000 and 29999: stop some of the programs that listen there',
  );
}

/** Reads a state file; undefined when it is absent or was cut short. */
export function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as unknown;
  } catch {
    return undefined;
  }
}

/** Replaces a state file as a whole: a reader sees the old or the new one, never half. */
export function writeJson(file: string, value: unknown): void {
  const draft = `${file}.${String(process.pid)}.tmp`;
  writeFileSync(draft, `${JSON.stringify(value, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(draft, file);
}

/** The last `count` lines of a log, for a sentence about why a server would not start. */
export function lastLines(file: string, count: number): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
  } catch {
    return '';
  }
}
