// Commands of operators (backup, restore, machines-verify), run as processes on the servers of a suite. Called by tests.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { scriptArguments } from './processes.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** How a command ended. */
export interface Ended {
  readonly code: number | null;
  /** All it wrote, to both streams. */
  readonly said: string;
}

/** A command that runs. */
export interface Operation {
  readonly child: ChildProcess;
  /** What it has written so far. */
  said(): string;
  readonly ended: Promise<Ended>;
}

/** Starts `src/<command>.ts` with these options and this environment beside the usual. */
export function operate(
  command: 'backup' | 'restore' | 'machines-verify',
  options: readonly string[],
  env: Readonly<Record<string, string>>,
): Operation {
  const child = spawn(process.execPath, scriptArguments(`src/${command}.ts`, options), {
    cwd: root,
    env: { ...process.env, LOG_LEVEL: 'info', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = once(child, 'close').then(([code]): Ended => ({ code: code as number | null, said }));
  return { child, said: () => said, ended };
}
