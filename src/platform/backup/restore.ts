// Bringing a backup back: loaded beside what is there, then put in its place. A restore that is killed leaves a mark that
// keeps every process from starting until one was ended. Called by src/restore.ts.
import { join } from 'node:path';
import mongoose, { mongo } from 'mongoose';
import { revokeAllApiKeys } from '../auth/api-keys.ts';
import { endAllSessions } from '../auth/session-endings.ts';
import { freeShards, livingNodes } from '../commands/tenure.ts';
import { beginNewEpochs } from '../events/feeds.ts';
import { logFor } from '../log.ts';
import { forgetShape } from '../mongo/migrate.ts';
import { forgetRedis, listeningNodes, ownKeys } from '../redis/installation.ts';
import type { Registry } from '../registry.ts';
import { collectionsOf } from './dump.ts';
import { BackupError, masterKeyFingerprint, type BackupFile, type Manifest } from './format.ts';
import { readFrames } from './frames.ts';
import { markerCollection, markRestore, restoreUnderWay, unmarkRestore } from './restore-marker.ts';

const log = logFor('restore');
const staged = 'restoring.';
const batchBytes = 4 * 1024 * 1024;
const batchRows = 1_000;

/** How a restore is done. */
export interface RestoreOptions {
  readonly folder: string;
  /** Verified by the caller. */
  readonly manifest: Manifest;
  readonly registry: Registry;
  /** May a database that holds something be replaced? */
  readonly replace: boolean;
  /** Asked before something is lost, with what that is. */
  readonly confirm: (loss: string, database: string) => Promise<boolean>;
  /** Brings the database to the shape of this version. */
  readonly migrate: () => Promise<void>;
}

/** What a restore has ended, because it may have been ended after the backup. */
export interface Ended {
  readonly sessions: number;
  readonly apiKeys: number;
}

/** Restores a backup that was verified. When it resolves the product may be started. @throws BackupError */
export async function restoreBackup(options: RestoreOptions): Promise<Ended> {
  const { folder, manifest } = options;
  const db = database();
  await refuseWhileRunning();
  await refuseToLose(db, options);
  warnOfOtherKey(manifest);
  const files = manifest.files.filter(({ collection }) => !isOwn(collection));
  // Whoever was half-way through replacing cannot go back to loading: the old data is gone already.
  await markRestore((await restoreUnderWay())?.phase ?? 'loading', folder);
  await dropStaged(db);
  for (const file of files) {
    await load(db, folder, file);
  }
  // A process that was started in the moment before the mark would write into what is being replaced.
  await refuseWhileRunning();
  await markRestore('replacing', folder);
  await replaceAll(db, files);
  const ended = await makeRight(options);
  await unmarkRestore();
  return ended;
}

/** Gives up a restore that has not replaced anything yet: the database is as it was. @throws BackupError */
export async function abandonRestore(): Promise<void> {
  const restore = await restoreUnderWay();
  if (!restore) {
    throw new BackupError('No restore is under way here');
  }
  if (restore.phase === 'replacing') {
    throw new BackupError('The restore has begun to replace the database: only a restore can make it whole again');
  }
  await dropStaged(database());
  await unmarkRestore();
}

function database(): mongo.Db {
  const { db } = mongoose.connection;
  if (!db) {
    throw new BackupError('There is no connection to MongoDB');
  }
  return db;
}

/** Collections that belong to restores themselves. */
function isOwn(collection: string): boolean {
  return collection === markerCollection || collection.startsWith(staged);
}

/** @throws BackupError while a worker has a lease or an API process listens */
async function refuseWhileRunning(): Promise<void> {
  const listening = await listeningNodes();
  if (listening === null) {
    log.warn('Redis does not answer, so API processes cannot be asked for: make sure that none runs');
  }
  const nodes = [...new Set([...(await livingNodes()), ...(listening ?? [])])];
  if (nodes.length > 0) {
    throw new BackupError(
      `SmartStart Brain runs here (${nodes.join(', ')}): stop all of its processes first. One that was killed counts for some seconds more`,
    );
  }
}

async function refuseToLose(db: mongo.Db, { replace, confirm }: RestoreOptions): Promise<void> {
  if ((await restoreUnderWay())?.phase === 'replacing') {
    log.info('A restore was begun here and not ended: beginning it anew');
    return;
  }
  const counts = await Promise.all(
    (await collectionsOf(db))
      .filter((name) => !isOwn(name))
      .map(async (name) => ({ name, count: await db.collection(name).estimatedDocumentCount() })),
  );
  const filled = counts.filter(({ count }) => count > 0);
  if (filled.length === 0) {
    return;
  }
  const loss = `the database ${db.databaseName} with ${filled.map(({ name, count }) => `${count} ${name}`).join(', ')}`;
  if (!replace) {
    throw new BackupError(`This would replace ${loss}: say --replace if that is what you want`);
  }
  if (!(await confirm(loss, db.databaseName))) {
    throw new BackupError('Nothing was changed');
  }
}

function warnOfOtherKey(manifest: Manifest): void {
  const here = masterKeyFingerprint();
  if (here !== manifest.masterKey) {
    log.warn(
      'MASTER_KEY is not the one the backup was taken with: what was signed or encrypted with that key cannot be read with this one. Set the old key before you start',
    );
  }
}

async function dropStaged(db: mongo.Db): Promise<void> {
  for (const name of (await collectionsOf(db)).filter((each) => each.startsWith(staged))) {
    await db.dropCollection(name);
  }
}

/** Loads a file into a collection beside the real one, with every number of the type it was. */
async function load(db: mongo.Db, folder: string, { collection, file, documents }: BackupFile): Promise<void> {
  const target = await db.createCollection(staged + collection);
  let batch: mongo.Document[] = [];
  let bytes = 0;
  const insert = async (): Promise<void> => {
    if (batch.length > 0) {
      await target.insertMany(batch, { ordered: false, writeConcern: { w: 1 } });
    }
    batch = [];
    bytes = 0;
  };
  await readFrames(join(folder, file), async (frame) => {
    batch.push(mongo.BSON.deserialize(frame, { promoteValues: false, bsonRegExp: true }));
    bytes += frame.length;
    if (batch.length >= batchRows || bytes >= batchBytes) {
      await insert();
    }
  });
  await insert();
  const count = await target.countDocuments();
  if (count !== documents) {
    throw new BackupError(`${collection} has ${count} documents after loading ${documents}: nothing was replaced`);
  }
  log.info(`${collection}: ${documents} documents`);
}

/** Puts what was loaded in the place of what was there; a collection the backup does not know goes. */
async function replaceAll(db: mongo.Db, files: readonly BackupFile[]): Promise<void> {
  const kept = new Set(files.map(({ collection }) => collection));
  for (const name of await collectionsOf(db)) {
    if (!isOwn(name) && !kept.has(name)) {
      await db.dropCollection(name);
    }
  }
  for (const { collection } of files) {
    await db.renameCollection(staged + collection, collection, { dropTarget: true });
  }
}

/** What is true of a backup and not of a system that goes on from it. */
async function makeRight({ registry, migrate }: RestoreOptions): Promise<Ended> {
  await forgetShape();
  await migrate();
  await freeShards();
  await beginNewEpochs();
  const sessions = await endAllSessions();
  const apiKeys = await revokeAllApiKeys();
  for (const projection of registry.projections.values()) {
    await projection.onRestore();
  }
  log.info(
    { sessions, apiKeys },
    'Feeds have new epochs, boards are built anew, everybody has to log in again, and API keys have to be made anew',
  );
  const removed = await forgetRedis();
  if (removed === null) {
    log.warn(
      `Redis does not answer, so what it keeps is of before. Nothing of it is believed for longer than a minute; to remove it, when Redis is back: redis-cli --scan --pattern '${ownKeys}' | xargs redis-cli unlink`,
    );
  } else {
    log.info({ keys: removed }, 'Removed what Redis knew');
  }
  return { sessions, apiKeys };
}
