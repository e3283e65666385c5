// Backups of a running system and databases they are restored into. Called by test/e2e, backup.test.ts and restore.test.ts.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { mongo } from 'mongoose';
import { sealManifest, type Manifest } from '#src/platform/backup/format.ts';
import { withDatabase } from '#src/platform/embedded/mongod.ts';
import { eventually } from './eventually.ts';
import { startLoad, summary, type Grant, type LoadReport } from './load.ts';
import { operate, type Ended } from './operator.ts';
import { startSystem, type System } from './system.ts';

/** The MASTER_KEY of every process of such a suite. */
export const backupKey = 'one key for all processes of this suite, 32';

/** A running system with a folder for its backups. */
export interface BackupSuite {
  readonly system: System;
  readonly folder: string;
  /** What an operator's command gets: for the system's database, or for another one on the same servers. */
  readonly environment: (database?: string) => Record<string, string>;
  /** Runs a command to its end. */
  readonly run: (command: 'backup' | 'restore', options: string[], database?: string) => Promise<Ended>;
  /** Seconds of the past that MongoDB keeps now. */
  readonly historyWindow: () => Promise<unknown>;
  /** A database that something was restored into. */
  readonly restored: (name: string) => mongo.Db;
  stop(): Promise<void>;
}

/** Starts a system of one API, one worker and six people. */
export async function startBackupSuite(): Promise<BackupSuite> {
  const folder = await mkdtemp(join(tmpdir(), 'brain-backup-'));
  const system = await startSystem({ apis: 1, workers: 1, people: 6, env: { MASTER_KEY: backupKey } });
  const client = new mongo.MongoClient(system.servers.mongoUrl);
  const environment = (database?: string): Record<string, string> => ({
    MONGO_URL: database ? withDatabase(system.servers.mongoUrl, database) : system.servers.mongoUrl,
    REDIS_URL: system.servers.redisUrl,
    KEY_PREFIX: database ?? system.keyPrefix,
    MASTER_KEY: backupKey,
    DATA_DIR: folder,
  });
  return {
    system,
    folder,
    environment,
    run: async (command, options, database) => await operate(command, options, environment(database)).ended,
    historyWindow: async () =>
      (await system.db.admin().command({ getParameter: 1, minSnapshotHistoryWindowInSeconds: 1 }))[
        'minSnapshotHistoryWindowInSeconds'
      ],
    restored: (name) => client.db(name),
    stop: async () => {
      await client.close();
      await system.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What came of a backup that was taken while grants went on. */
export interface BackupUnderLoad extends Ended {
  readonly manifest: Manifest;
  /** Acknowledged before the backup began. */
  readonly early: readonly Grant[];
  /** How many were acknowledged when it had ended. */
  readonly after: number;
  readonly report: LoadReport;
}

/** Takes a backup while grants go on. @throws AssertionError where the backup fails */
export async function backUpUnderLoad({ system, run }: BackupSuite, to: string): Promise<BackupUnderLoad> {
  const load = startLoad(system);
  await eventually(() => assert.ok(load.report.grants.length > 150), 30_000);
  const early = [...load.report.grants];
  const ended = await run('backup', ['--to', to]);
  const after = load.report.grants.length;
  const report = await load.stop();
  console.log(`      ${summary(report)}`);
  assert.equal(ended.code, 0, ended.said);
  const manifest = JSON.parse(await readFile(join(to, 'manifest.json'), 'utf8')) as Manifest;
  return { ...ended, manifest, early, after, report };
}

/** Rewrites a collection of a backup with right sums, as somebody would who wants to hide what is changed. */
export async function rewriteBackup(
  copy: string,
  manifest: Manifest,
  collection: string,
  change: (docs: mongo.Document[]) => mongo.Document[],
): Promise<void> {
  const path = join(copy, `${collection}.bson.gz`);
  const plain = gunzipSync(await readFile(path));
  const docs: mongo.Document[] = [];
  for (let at = 0; at < plain.length; at += plain.readInt32LE(at)) {
    docs.push(mongo.BSON.deserialize(plain.subarray(at, at + plain.readInt32LE(at))));
  }
  const changed = change(docs);
  const packed = gzipSync(Buffer.concat(changed.map((doc) => mongo.BSON.serialize(doc))));
  await writeFile(path, packed);
  const figures = {
    documents: changed.length,
    bytes: packed.length,
    sha256: createHash('sha256').update(packed).digest('hex'),
  };
  const files = manifest.files.map((file) => (file.collection === collection ? { ...file, ...figures } : file));
  const { product, takenAt, database, clusterTime, schema, masterKey } = manifest;
  const { version } = product;
  const sealed = sealManifest({ version, takenAt, database, clusterTime, schema, masterKey, files });
  await writeFile(join(copy, 'manifest.json'), JSON.stringify(sealed));
}
