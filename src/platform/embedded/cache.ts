// The per-user folder of server binaries that were downloaded once: read by every start, written by rename only.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { childEnvironment } from '#config/env.ts';
import { readJson } from './child.ts';

/** No download takes this long. */
const ABANDONED_MS = 6 * 3_600_000;

const originSchema = z.object({
  program: z.string(),
  version: z.string(),
  source: z.enum(['download', 'wheel']),
  sha256: z.string().regex(/^[0-9a-f]{64}$/u),
});

/** Where a kept binary came from, and what it must hash to. */
export type Origin = z.output<typeof originSchema>;

/** A kept binary whose content has been compared with its origin. */
export interface CachedBinary extends Origin {
  readonly path: string;
}

/** The cache folder of this user: `$XDG_CACHE_HOME` or `~/.cache`, then `smartstart-brain`. */
export function defaultCacheDir(): string {
  return join(childEnvironment({})['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'smartstart-brain');
}

/** SHA-256 of a file in hex, read as a stream so that signals are answered meanwhile. */
export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

/** Removes what a download that was killed left behind. */
async function sweep(cacheDir: string): Promise<void> {
  for (const name of await readdir(cacheDir)) {
    const path = join(cacheDir, name);
    const made = name.startsWith('work-') ? (await stat(path).catch(() => undefined))?.mtimeMs : undefined;
    if (made !== undefined && Date.now() - made > ABANDONED_MS) {
      await rm(path, { recursive: true, force: true });
    }
  }
}

/** A fresh working folder inside the cache, on the same file system, so that a rename can put the result in place. */
export async function workFolder(cacheDir: string): Promise<string> {
  await mkdir(cacheDir, { recursive: true, mode: 0o700 });
  await sweep(cacheDir);
  return await mkdtemp(join(cacheDir, 'work-'));
}

const folderOf = (origin: Origin): string =>
  `${origin.program}-${origin.version}-${origin.source}-${origin.sha256.slice(0, 12)}`;

/**
 * Keeps the binary that lies in `work` under `origin.program`. Several starts may do this at once: the first rename
 * wins and the others use its result.
 */
export async function keep(cacheDir: string, work: string, origin: Origin): Promise<CachedBinary> {
  await chmod(join(work, origin.program), 0o755);
  await writeFile(join(work, 'origin.json'), `${JSON.stringify(origin)}\n`);
  const target = join(cacheDir, folderOf(origin));
  try {
    await rename(work, target);
  } catch {
    await rm(work, { recursive: true, force: true });
  }
  return { ...origin, path: join(target, origin.program) };
}

/** The binaries of one program that are kept here and still hash to what was noted; a damaged one is removed. */
export async function cached(
  cacheDir: string,
  program: string,
  accept: (origin: Origin) => boolean,
): Promise<CachedBinary[]> {
  const names = await readdir(cacheDir).catch(() => []);
  const found: CachedBinary[] = [];
  for (const name of names.filter((entry) => entry.startsWith(`${program}-`)).toSorted()) {
    const origin = originSchema.safeParse(readJson(join(cacheDir, name, 'origin.json')));
    if (origin.success && accept(origin.data)) {
      const path = join(cacheDir, name, program);
      if ((await sha256Of(path).catch(() => '')) === origin.data.sha256) {
        found.push({ ...origin.data, path });
      } else {
        await rm(join(cacheDir, name), { recursive: true, force: true });
      }
    }
  }
  return found;
}
