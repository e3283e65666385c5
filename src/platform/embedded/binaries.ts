// Finds a real mongod and a real Valkey or Redis: on the PATH, then in this user's cache, then by download. Called by
// the supervisor, mongod.ts' chooser and the test servers.
import { constants } from 'node:fs';
import { access, realpath } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { childEnvironment } from '#config/env.ts';
import { type CachedBinary, cached, defaultCacheDir } from './cache.ts';
import { EmbeddedError, type Report } from './child.ts';
import { runCommand } from './commands.ts';
import { DOWNLOAD_VERSION, downloadMongod } from './download.ts';
import { installWheel, wheelFor } from './wheels.ts';

/** A server binary that was run with `--version` here, so it works on this system. */
export interface FoundBinary {
  readonly path: string;
  readonly product: 'mongod' | 'valkey' | 'redis';
  readonly version: string;
  readonly source: 'path' | 'download' | 'wheel';
}

/** Where to look; all have defaults. */
export interface FindOptions {
  /** Only this `major.minor`: what a data folder needs that another binary made. */
  readonly series?: string | undefined;
  readonly searchPath?: string;
  readonly cacheDir?: string;
  /** Ends a download that is under way. */
  readonly signal?: AbortSignal | undefined;
}

/** `6.0.5` → `6.0`: versions of one series read each other's files. */
export const seriesOf = (version: string): string => version.split('.').slice(0, 2).join('.');

/** Compares `a` with `b` as versions, part by part: negative, 0 or positive. */
export function compareVersions(a: string, b: string): number {
  const left = a.split('.').map(Number);
  const right = b.split('.').map(Number);
  for (const [index, part] of left.entries()) {
    const difference = part - (right[index] ?? 0);
    if (difference !== 0) {
      return difference;
    }
  }
  return 0;
}

const VERSION_LINES = [
  { product: 'mongod', pattern: /^db version v(\d+\.\d+\.\d+)/mu, minimum: '6.0' },
  { product: 'valkey', pattern: /^Valkey server v=(\d+\.\d+\.\d+)/mu, minimum: '7.2' },
  { product: 'redis', pattern: /^Redis server v=(\d+\.\d+\.\d+)/mu, minimum: '6.2' },
] as const;

/** Runs `path --version`; undefined when it does not run or says nothing known. */
export async function inspect(
  path: string,
): Promise<(Pick<FoundBinary, 'product' | 'version'> & { minimum: string }) | undefined> {
  const { stdout, code } = await runCommand(path, ['--version'], { signal: AbortSignal.timeout(10_000) });
  for (const { product, pattern, minimum } of VERSION_LINES) {
    const version = code === 0 ? pattern.exec(stdout)?.[1] : undefined;
    if (version !== undefined) {
      return { product, version, minimum };
    }
  }
  return undefined;
}

async function onPath(
  names: readonly string[],
  options: FindOptions,
  report: Report,
): Promise<FoundBinary | undefined> {
  const folders = (options.searchPath ?? childEnvironment({})['PATH'] ?? '').split(delimiter).filter(Boolean);
  const seen = new Set<string>();
  for (const path of names.flatMap((name) => folders.map((folder) => join(folder, name)))) {
    const real = (await executable(path)) ? await realpath(path) : undefined;
    if (real !== undefined && !seen.has(real)) {
      seen.add(real);
      const found = await suitable(path, options, report);
      if (found !== undefined) {
        return found;
      }
    }
  }
  return undefined;
}

async function executable(path: string): Promise<boolean> {
  return await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function suitable(path: string, options: FindOptions, report: Report): Promise<FoundBinary | undefined> {
  const about = await inspect(path);
  if (about === undefined) {
    report(`Passing over ${path}: it does not say its version`);
  } else if (compareVersions(about.minimum, about.version) > 0) {
    report(`Passing over ${about.product} ${about.version} at ${path}: ${about.minimum} or newer is needed`);
  } else if (options.series !== undefined && options.series !== seriesOf(about.version)) {
    report(`Passing over ${about.product} ${about.version} at ${path}: the data here was made by ${options.series}`);
  } else {
    return { path, product: about.product, version: about.version, source: 'path' };
  }
  return undefined;
}

type Source = () => Promise<CachedBinary | undefined>;

/** The first of `sources` whose binary runs on this system. */
async function firstRunning(
  sources: readonly Source[],
  report: Report,
  signal: AbortSignal | undefined,
): Promise<FoundBinary | undefined> {
  for (const source of sources) {
    signal?.throwIfAborted();
    const kept = await source();
    const about = kept && (await inspect(kept.path));
    if (kept && about) {
      return { path: kept.path, product: about.product, version: about.version, source: kept.source };
    }
    if (kept) {
      report(`${kept.program} ${kept.version} was fetched but does not run on this system`);
    }
  }
  return undefined;
}

async function find(
  program: 'mongod' | 'valkey-server',
  names: readonly string[],
  report: Report,
  options: FindOptions,
): Promise<FoundBinary | undefined> {
  const { series, signal } = options;
  const cacheDir = options.cacheDir ?? defaultCacheDir();
  const fits = (version: string): boolean => series === undefined || series === seriesOf(version);
  const wheel = wheelFor(program);
  const sources: Source[] = [
    async () =>
      (
        await cached(
          cacheDir,
          program,
          (origin) =>
            // A wheel's hash is known beforehand: what the cache says about it is not believed.
            fits(origin.version) && (origin.source === 'download' || origin.sha256 === wheel?.binarySha256),
        )
      ).toSorted((a, b) => compareVersions(b.version, a.version))[0],
  ];
  if (program === 'mongod' && fits(DOWNLOAD_VERSION)) {
    sources.push(async () => await downloadMongod(cacheDir, report, signal));
  }
  if (wheel !== undefined && fits(wheel.binaryVersion)) {
    sources.push(async () => await installWheel(wheel, cacheDir, report, signal));
  }
  const found = (await onPath(names, options, report)) ?? (await firstRunning(sources, report, signal));
  signal?.throwIfAborted();
  if (found !== undefined) {
    report(`Using ${found.product} ${found.version} (${found.path})`);
  }
  return found;
}

/**
 * A mongod that runs here: PATH, this user's cache, the publisher's download, a Python package.
 * @throws EmbeddedError when there is none
 */
export async function findMongod(report: Report, options: FindOptions = {}): Promise<FoundBinary> {
  const found = await find('mongod', ['mongod'], report, options);
  if (found === undefined) {
    const wanted = options.series === undefined ? '6.0 or newer' : options.series;
    throw new EmbeddedError(
      `No mongod was found or could be downloaded: install MongoDB ${wanted} so that mongod is on the PATH, or set MONGO_URL to a replica set`,
    );
  }
  return found;
}

/**
 * A Valkey or Redis that runs here: PATH, this user's cache, a Python package.
 * @throws EmbeddedError when there is none
 */
export async function findValkey(report: Report, options: FindOptions = {}): Promise<FoundBinary> {
  const found = await find('valkey-server', ['valkey-server', 'redis-server'], report, options);
  if (found === undefined) {
    throw new EmbeddedError(
      'No Valkey or Redis was found or could be downloaded: install Valkey 7.2 or Redis 6.2 or newer so that valkey-server or redis-server is on the PATH, or set REDIS_URL',
    );
  }
  return found;
}
