// Processes of this repository for suites and benchmarks: started from their scripts, waited for, signalled and ended.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const readyMs = 60_000;
const stopMs = 20_000;
/** Lines of output kept of each process. */
const keptLines = 200;

/** One process. */
export interface Running {
  readonly name: string;
  readonly child: ChildProcess;
  readonly pid: number;
}

/** A process with the last lines it wrote. */
export interface Process extends Running {
  readonly output: string[];
}

const running = new Set<ChildProcess>();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

function keep(output: string[], chunk: Buffer): void {
  output.push(...chunk.toString().split('\n').filter(Boolean));
  output.splice(0, Math.max(0, output.length - keptLines));
}

/**
 * Starts Node with these arguments and resolves when the process says that it is ready; it is noted in `outputs` at once.
 * @throws Error with its output when it does not
 */
export async function launch(
  name: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  outputs: Process[],
): Promise<Process> {
  const child = spawn(process.execPath, args, {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const started: Process = { name, child, pid: child.pid ?? -1, output: [] };
  outputs.push(started);
  running.add(child);
  child.stdout?.on('data', (chunk: Buffer) => keep(started.output, chunk));
  child.stderr?.on('data', (chunk: Buffer) => keep(started.output, chunk));
  child.once('exit', (code, signal) => {
    running.delete(child);
    started.output.push(`-- ended: ${signal ?? `exit code ${String(code)}`}`);
  });
  const abort = new AbortController();
  const { signal } = abort;
  try {
    await Promise.race([
      ready(child, signal),
      once(child, 'exit', { signal }).then(() => Promise.reject(new Error('it ended'))),
      wait(readyMs, undefined, { signal }).then(() => Promise.reject(new Error(`not within ${String(readyMs)} ms`))),
    ]);
    return started;
  } catch (error) {
    child.kill('SIGKILL');
    throw new Error(`${name} did not get ready (${String(error)})\n${started.output.join('\n')}`, { cause: error });
  } finally {
    abort.abort();
  }
}

async function ready(child: ChildProcess, signal: AbortSignal): Promise<void> {
  for (;;) {
    const [message] = (await once(child, 'message', { signal })) as [{ type?: unknown }];
    if (message.type === 'ready') {
      return;
    }
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Sends a signal. One that ends the process is awaited; SIGSTOP and SIGCONT are not. */
export async function kill(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  if (hasEnded(child)) {
    return;
  }
  const ended = once(child, 'exit');
  child.kill(signal);
  if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') {
    await ended;
  }
}

/** Ends a process in order; a stopped one is woken first. */
export async function end(child: ChildProcess): Promise<void> {
  await kill(child, 'SIGCONT');
  const force = setTimeout(() => child.kill('SIGKILL'), stopMs);
  await kill(child, 'SIGTERM');
  clearTimeout(force);
}

/**
 * Arguments of Node that run a script of this repository: compiled, as production runs it and in a fraction of the time,
 * where `npm test` has compiled it (test/run.ts), otherwise from its source.
 */
export function scriptArguments(script: string, args: readonly string[] = []): string[] {
  // As package.json and the Dockerfile start them.
  const heap = '--max-semi-space-size=32';
  return process.env['TEST_COMPILED'] === '1'
    ? [heap, '--conditions=compiled', join(root, 'dist', script.replace(/\.ts$/u, '.js')), ...args]
    : [heap, '--import', 'tsx', join(root, script), ...args];
}
