// Recognises processes of an earlier run by what they were started with. Called by mongod.ts, valkey.ts and data-dir.ts.
import { execFile } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Report, pidFile } from './child.ts';

const ORPHAN_LIMIT_MS = 15_000;
const run = promisify(execFile);

/** The command line of a running process, or an empty string: gone, a zombie, or somebody else's. */
export async function commandLine(pid: number): Promise<string> {
  try {
    if (process.platform === 'linux') {
      return (await readFile(`/proc/${String(pid)}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim();
    }
    return (await run('ps', ['-ww', '-o', 'command=', '-p', String(pid)])).stdout.trim();
  } catch {
    return '';
  }
}

function readPid(file: string): number {
  try {
    return Number.parseInt(readFileSync(file, 'utf8'), 10) || 0;
  } catch {
    return 0;
  }
}

async function gone(pid: number, mark: string, limitMs: number): Promise<boolean> {
  const end = Date.now() + limitMs;
  while ((await commandLine(pid)).includes(mark)) {
    if (Date.now() > end) {
      return false;
    }
    await wait(50);
  }
  return true;
}

/**
 * Ends the server an earlier run left behind in `folder`. A process counts as ours only when its command line names
 * the folder, so that a pid handed on to another program is left alone.
 */
export async function stopOrphan(folder: string, title: string, report: Report): Promise<void> {
  const file = pidFile(folder);
  const pid = readPid(file);
  if (pid > 1 && (await commandLine(pid)).includes(folder)) {
    report(`${title} of an earlier run is still there (process ${String(pid)}): stopping it first`);
    await end(pid, folder);
  }
  rmSync(file, { force: true });
}

async function end(pid: number, mark: string): Promise<void> {
  send(pid, 'SIGTERM');
  // A frozen process takes no SIGTERM until it goes on.
  send(pid, 'SIGCONT');
  if (!(await gone(pid, mark, ORPHAN_LIMIT_MS))) {
    send(pid, 'SIGKILL');
    await gone(pid, mark, ORPHAN_LIMIT_MS);
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended in between, which is what was wanted.
  }
}
