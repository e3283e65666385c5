// Runs short commands and downloads as child processes, with limits. Called by binaries.ts, wheels.ts and download.ts.
import { spawn } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { childEnvironment } from '#config/env.ts';
import type { Report } from './child.ts';

/** How a command ended. `absent`: it could not be started at all. */
export interface CommandResult {
  readonly outcome: 'ended' | 'absent' | 'stopped';
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface CommandOptions {
  readonly env?: Record<string, string>;
  readonly signal?: AbortSignal | undefined;
}

const OUTPUT_LIMIT = 64 * 1024;

/** Runs a command to its end and collects what it says (the last 64 KiB). Never rejects. */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  return await new Promise((resolve) => {
    const child = spawn(command, args, {
      env: childEnvironment(options.env ?? {}),
      stdio: ['ignore', 'pipe', 'pipe'],
      signal: options.signal,
      killSignal: 'SIGKILL',
    });
    const text = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (part: string) => {
        text[stream] = (text[stream] + part).slice(-OUTPUT_LIMIT);
      });
    }
    child.once('error', (error) =>
      resolve({ outcome: error.name === 'AbortError' ? 'stopped' : 'absent', code: null, ...text }),
    );
    child.once('close', (code) => resolve({ outcome: 'ended', code, ...text }));
  });
}

/** Bytes of all files below a folder; files that vanish meanwhile count as nothing. */
async function bytesBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async (entry) => (await stat(join(entry.parentPath, entry.name)).catch(() => undefined))?.size ?? 0),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Limits of a download: how long it may take to begin, and how long it may stand still once begun. */
export interface DownloadLimits {
  readonly beginMs: number;
  readonly stallMs: number;
}

const megabytes = (bytes: number): string => (bytes / 1_000_000).toFixed(bytes < 10_000_000 ? 1 : 0);

/**
 * Runs a command that downloads into `folder`, reports how far it is every 3 s, and ends it when the folder stops
 * growing. `report` gets indented lines.
 */
export async function runDownload(
  command: string,
  args: readonly string[],
  options: CommandOptions & { folder: string; limits: DownloadLimits; report: Report },
): Promise<CommandResult & { seconds: number; bytes: number }> {
  const stop = new AbortController();
  const started = Date.now();
  let seen = { bytes: 0, at: started, told: started };
  const look = async (): Promise<void> => {
    const bytes = await bytesBelow(options.folder);
    const now = Date.now();
    if (bytes > seen.bytes && now - seen.told > 3_000) {
      options.report(`  ${megabytes(bytes)} MB after ${String(Math.round((now - started) / 1000))} s`);
      seen = { ...seen, told: now };
    }
    seen = bytes > seen.bytes ? { ...seen, bytes, at: now } : seen;
    if (now - seen.at > (seen.bytes > 0 ? options.limits.stallMs : options.limits.beginMs)) {
      stop.abort();
    }
  };
  const timer = setInterval(() => void look(), 500);
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const result = await runCommand(command, args, { ...options, signal });
  clearInterval(timer);
  return {
    ...result,
    seconds: Math.max(1, Math.round((Date.now() - started) / 1000)),
    bytes: await bytesBelow(options.folder),
  };
}
