// Taking a backup: every collection as it was at one moment, while the system runs. Called by src/backup.ts.
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import mongoose, { mongo } from 'mongoose';
import { version } from '../http/health.ts';
import { logFor } from '../log.ts';
import { Meta } from '../mongo/meta.ts';
import type { StoredCheck } from './checks.ts';
import {
  BackupError,
  fileOf,
  manifestPath,
  masterKeyFingerprint,
  sealManifest,
  type BackupFile,
  type Manifest,
} from './format.ts';
import { flush, writeFrames } from './frames.ts';
import { keepHistory } from './history.ts';
import { takeBackupLock } from './one-at-a-time.ts';

const log = logFor('backup');
const batchSize = 1_000;
/** How often a long collection says how far it is. */
const progressMs = 5_000;
/** Another snapshot is taken when a collection or an index appeared beside the first one. */
const tries = 5;

const tooOld = 239;
const unavailable = 246;

/**
 * Writes a backup of the whole database into a folder that is empty or not there yet: all collections as they were at
 * the cluster time of its manifest. @throws BackupError
 */
export async function takeBackup(folder: string, checks: readonly StoredCheck[]): Promise<Manifest> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if ((await readdir(folder)).length > 0) {
    throw new BackupError(`${folder} is not empty: name a folder that is empty or not there yet`);
  }
  const db = database();
  // Before the lock, which would be its first row.
  if ((await collectionsOf(db)).length === 0) {
    throw new BackupError(`The database ${db.databaseName} is empty: there is nothing to back up`);
  }
  const lock = await takeBackupLock();
  try {
    return await fromOneMoment(folder, checks, lock.holder);
  } finally {
    await lock.release();
  }
}

function database(): mongo.Db {
  const { db } = mongoose.connection;
  if (!db) {
    throw new BackupError('There is no connection to MongoDB');
  }
  return db;
}

async function fromOneMoment(folder: string, checks: readonly StoredCheck[], holder: string): Promise<Manifest> {
  const history = await keepHistory(mongoose.connection.getClient().db('admin'), holder);
  try {
    for (let attempt = 1; ; attempt += 1) {
      const manifest = await attemptBackup(folder, ordersOf(checks), attempt === tries);
      if (manifest) {
        return manifest;
      }
      log.info('The collections changed meanwhile: reading them again from another moment');
      await Promise.all((await readdir(folder)).map(async (name) => await rm(join(folder, name))));
      await delay(attempt * 200);
    }
  } catch (error) {
    throw asBackupError(error);
  } finally {
    await history.end();
  }
}

function asBackupError(error: unknown): unknown {
  return error instanceof mongo.MongoServerError && error.code === tooOld
    ? new BackupError(
        'MongoDB no longer keeps the moment the backup shows. Raise its parameter minSnapshotHistoryWindowInSeconds to more than the seconds a backup takes, or let this user read and set it (clusterAdmin may), and take the backup again',
        { cause: error },
      )
    : error;
}

/** The order each collection is read in, where a check needs one. */
function ordersOf(checks: readonly StoredCheck[]): Map<string, Readonly<Record<string, 1 | -1>>> {
  const orders = new Map<string, Readonly<Record<string, 1 | -1>>>();
  for (const [collection, order] of checks.flatMap(({ reads }) => Object.entries(reads))) {
    if (order !== 'any') {
      orders.set(collection, order);
    }
  }
  return orders;
}

/** One backup from one snapshot; null when collections or indexes appeared beside it, unless that is `final`. */
async function attemptBackup(
  folder: string,
  orders: ReadonlyMap<string, Readonly<Record<string, 1 | -1>>>,
  final: boolean,
): Promise<Manifest | null> {
  const db = database();
  const names = await collectionsOf(db);
  const session = mongoose.connection.getClient().startSession({ snapshot: true });
  try {
    const schema = await Meta.native().findOne({ _id: 'schema' }, { session });
    // The first read has fixed the moment; the driver keeps it to itself.
    const { snapshotTime } = session as unknown as { snapshotTime: mongo.Timestamp };
    const clusterTime = `${snapshotTime.getHighBitsUnsigned()}.${snapshotTime.getLowBitsUnsigned()}`;
    log.info({ collections: names.length, clusterTime }, `Backing up ${db.databaseName} as of one moment`);
    const files: BackupFile[] = [];
    for (const name of names) {
      files.push(await writeCollection(folder, db.collection(name), session, orders.get(name)));
    }
    if (!final && (await collectionsOf(db)).join('\n') !== names.join('\n')) {
      return null;
    }
    const manifest = sealManifest({
      version,
      takenAt: new Date(snapshotTime.getHighBitsUnsigned() * 1_000).toISOString(),
      database: db.databaseName,
      clusterTime,
      schema: schema?.digest ?? null,
      masterKey: masterKeyFingerprint(),
      files,
    });
    await writeManifest(folder, manifest);
    return manifest;
  } catch (error) {
    if (!final && error instanceof mongo.MongoServerError && error.code === unavailable) {
      return null;
    }
    throw error;
  } finally {
    await session.endSession();
  }
}

/** All collections there are, also those this version does not know. */
export async function collectionsOf(db: mongo.Db): Promise<string[]> {
  const all = await db.listCollections({ type: 'collection' }, { nameOnly: true }).toArray();
  return all
    .map(({ name }) => name)
    .filter((name) => !name.startsWith('system.'))
    .toSorted();
}

async function writeCollection(
  folder: string,
  collection: mongo.Collection,
  session: mongo.ClientSession,
  order: Readonly<Record<string, 1 | -1>> | undefined,
): Promise<BackupFile> {
  const { collectionName } = collection;
  const cursor = collection.find({}, { session, raw: true, batchSize, ...(order ? { sort: { ...order } } : {}) });
  const file = fileOf(collectionName);
  const figures = await writeFrames(join(folder, file), reported(cursor, collectionName));
  log.info(`${collectionName}: ${figures.documents} documents, ${inKilobytes(figures.bytes)} kB`);
  return { collection: collectionName, file, ...figures };
}

/** A byte count in whole kilobytes, for a line. */
function inKilobytes(bytes: number): number {
  return Math.ceil(bytes / 1_000);
}

/** The documents, with a line now and then. */
async function* reported(cursor: mongo.FindCursor, name: string): AsyncGenerator<Uint8Array> {
  let count = 0;
  let sayAt = Date.now() + progressMs;
  for await (const document of cursor) {
    count += 1;
    if (Date.now() >= sayAt) {
      sayAt = Date.now() + progressMs;
      log.info(`${name}: ${count} documents so far`);
    }
    yield document as unknown as Uint8Array;
  }
}

/** Appears whole or not at all: its presence says that the backup was finished. */
async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const path = manifestPath(folder);
  await writeFile(`${path}.tmp`, `${JSON.stringify(manifest, undefined, 2)}\n`, { mode: 0o600, flush: true });
  await rename(`${path}.tmp`, path);
  await flush(folder);
}
