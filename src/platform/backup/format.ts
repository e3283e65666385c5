// The form of a backup: a folder with one gzipped BSON file for each collection, and a manifest that is written last.
// A folder without a manifest is no backup. Called by dump.ts, verify.ts and restore.ts.
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { config } from '#config/env.ts';
import { canonicalJson, sha256 } from '../ids.ts';

/** Raised when the form changes; a backup of another form is refused. */
const format = 1;
const manifestFile = 'manifest.json';

const fileSchema = z.strictObject({
  collection: z.string().min(1),
  file: z.string().regex(/^[A-Za-z0-9._%-]+\.bson\.gz$/u),
  documents: z.int().min(0),
  /** Of the compressed file. */
  bytes: z.int().min(0),
  sha256: z.string().length(64),
});

const manifestSchema = z.strictObject({
  format: z.literal(format),
  product: z.strictObject({ name: z.literal('smartstart-brain'), version: z.string() }),
  takenAt: z.iso.datetime(),
  database: z.string(),
  /** The moment all files show, as MongoDB counts time: `<seconds>.<increment>`. */
  clusterTime: z.string().regex(/^\d+\.\d+$/u),
  /** Digest of the migration step that shaped the database; null before the first one. */
  schema: z.string().nullable(),
  /** Tells whether MASTER_KEY is the same, without telling it; null where none was given. */
  masterKey: z.string().nullable(),
  files: z.array(fileSchema),
  /** SHA-256 of all the other members in canonical JSON. */
  digest: z.string(),
});

/** What a backup holds. */
export type Manifest = z.output<typeof manifestSchema>;
/** One collection of a backup. */
export type BackupFile = z.output<typeof fileSchema>;

/** Something about a backup or its surroundings makes it impossible to go on. The message says what to do. */
export class BackupError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BackupError';
  }
}

/** The file of a collection, whatever letters its name has. */
export function fileOf(collection: string): string {
  return `${encodeURIComponent(collection).replaceAll('*', '%2A')}.bson.gz`;
}

/** Where the manifest of a backup is. */
export function manifestPath(folder: string): string {
  return join(folder, manifestFile);
}

/** A manifest with its digest. */
export function sealManifest(parts: Omit<Manifest, 'digest' | 'format' | 'product'> & { version: string }): Manifest {
  const { version, ...rest } = parts;
  const open = { format, product: { name: 'smartstart-brain' as const, version }, ...rest } as const;
  return { ...open, digest: sha256(canonicalJson(open)) };
}

/** Reads the manifest of a backup. @throws BackupError where there is none or it was altered */
export async function readManifest(folder: string): Promise<Manifest> {
  const text = await readFile(manifestPath(folder), 'utf8').catch((error: unknown) => {
    throw new BackupError(
      `${folder} is no backup: it has no manifest, which is written last. The backup was not finished, or the folder is another one`,
      { cause: error },
    );
  });
  const damaged = (cause?: unknown): BackupError =>
    new BackupError(`The manifest of ${folder} is damaged or of another version: take another backup`, { cause });
  let parsed;
  try {
    parsed = manifestSchema.safeParse(JSON.parse(text));
  } catch (error) {
    throw damaged(error);
  }
  if (!parsed.success) {
    throw damaged(parsed.error);
  }
  const { digest, ...rest } = parsed.data;
  if (sha256(canonicalJson(rest)) !== digest) {
    throw damaged();
  }
  return parsed.data;
}

/** A fingerprint of MASTER_KEY: equal keys have equal ones, and no key can be found from it. */
export function masterKeyFingerprint(): string | null {
  return config.masterKey === undefined
    ? null
    : createHmac('sha256', config.masterKey).update('smartstart-brain backup').digest('hex').slice(0, 16);
}
