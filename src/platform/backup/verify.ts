// Verifying a backup without any server: its files are those of the manifest, and what they hold keeps its promises.
// Called at the end of a backup, before a restore, and by `npm run backup -- --verify`.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { mongo } from 'mongoose';
import type { Checking, StoredCheck } from './checks.ts';
import { readManifest, type BackupFile, type Manifest } from './format.ts';
import { readFrames } from './frames.ts';

/** What a verification found. `problems` is empty for a backup that is whole. */
export interface Verification {
  readonly manifest: Manifest;
  readonly problems: readonly string[];
}

interface Running {
  readonly check: StoredCheck;
  readonly checking: Checking;
}

/** Reads a backup once and says all that is wrong with it. @throws BackupError where it has no sound manifest */
export async function verifyBackup(folder: string, checks: readonly StoredCheck[]): Promise<Verification> {
  const manifest = await readManifest(folder);
  const problems = await strangers(folder, manifest);
  const running = checks.map((check): Running => ({ check, checking: check.begin() }));
  const damaged = new Set<string>();
  for (const file of manifest.files) {
    const wrong = await verifyFile(folder, file, running);
    if (wrong !== null) {
      problems.push(`${file.file}: ${wrong}`);
      damaged.add(file.collection);
    }
  }
  for (const { check, checking } of running) {
    // A check that did not see all its documents would only complain about what is said already.
    if (!Object.keys(check.reads).some((collection) => damaged.has(collection))) {
      problems.push(...checking.end().map((sentence) => `${check.promise}: ${sentence}`));
    }
  }
  return { manifest, problems };
}

async function strangers(folder: string, manifest: Manifest): Promise<string[]> {
  const known = new Set(manifest.files.map(({ file }) => file));
  return (await readdir(folder))
    .filter((name) => name.endsWith('.bson.gz') && !known.has(name))
    .map((name) => `${name}: the manifest does not name it`);
}

/** What is wrong with a file, or null. */
async function verifyFile(folder: string, file: BackupFile, running: readonly Running[]): Promise<string | null> {
  const { collection } = file;
  const watching = running.filter(({ check }) => collection in check.reads);
  try {
    const found = await readFrames(join(folder, file.file), (frame) => {
      if (watching.length > 0) {
        const doc = mongo.BSON.deserialize(frame);
        watching.forEach(({ checking }) => checking.see(collection, doc));
      }
    });
    if (found.bytes !== file.bytes) {
      return `it has ${found.bytes} bytes, the manifest says ${file.bytes}`;
    }
    if (found.sha256 !== file.sha256) {
      return 'its SHA-256 is not that of the manifest: it was altered or damaged';
    }
    return found.documents === file.documents
      ? null
      : `it has ${found.documents} documents, the manifest says ${file.documents}`;
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return missing ? 'it is missing' : `it cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}
