// The publisher's own build of mongod for this system, through mongodb-memory-server's downloader. Called by binaries.ts.
import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type CachedBinary, keep, sha256Of, workFolder } from './cache.ts';
import type { Report } from './child.ts';
import { runCommand, runDownload } from './commands.ts';
import { nodeArguments, scriptBeside } from './scripts.ts';

/** The version asked for: the one mongodb-memory-server 11.3 is released with. */
export const DOWNLOAD_VERSION = '8.2.6';

/**
 * Downloads mongod and keeps it in the cache with the SHA-256 it had, which every later start compares. Undefined,
 * after a sentence, when it cannot be had here: no way to the publisher, no build for this system, or it does not run.
 */
export async function downloadMongod(
  cacheDir: string,
  report: Report,
  signal?: AbortSignal,
): Promise<CachedBinary | undefined> {
  const work = await workFolder(cacheDir);
  try {
    report(`Downloading mongod ${DOWNLOAD_VERSION} from its publisher`);
    const folder = await workFolder(work);
    const script = scriptBeside(import.meta.url, './download-mongod');
    const result = await runDownload(process.execPath, [...nodeArguments(script), DOWNLOAD_VERSION, folder], {
      folder,
      limits: { beginMs: 15_000, stallMs: 30_000 },
      report,
      signal,
    });
    const path = result.stdout.trimEnd().split('\n').at(-1);
    signal?.throwIfAborted();
    if (result.code !== 0 || path === undefined) {
      report(`  not possible here (${reasonOf(result.outcome, result.stderr)}): trying the next source`);
      return undefined;
    }
    if ((await runCommand(path, ['--version'], { signal })).code !== 0) {
      report('  the downloaded mongod does not run on this system: trying the next source');
      return undefined;
    }
    report(`  done after ${String(result.seconds)} s`);
    await copyFile(path, join(work, 'mongod'));
    await rm(folder, { recursive: true, force: true });
    const sha256 = await sha256Of(join(work, 'mongod'));
    return await keep(cacheDir, work, { program: 'mongod', version: DOWNLOAD_VERSION, source: 'download', sha256 });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function reasonOf(outcome: string, stderr: string): string {
  if (outcome === 'stopped') {
    return 'nothing arrived in time';
  }
  const code = /\b(ENOTFOUND|EAI_AGAIN|ECONN\w+|ETIMEDOUT|ENETUNREACH|CERT_\w+)\b/u.exec(stderr)?.[1];
  return code === undefined ? 'the download failed' : `no connection, ${code}`;
}
