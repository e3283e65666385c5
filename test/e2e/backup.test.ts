// Backup under load and restore into another database: everything acknowledged before the backup's moment is in, every
// promise holds, cursors and sessions of before are void, and what is damaged or half-restored is found.
import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { createHash } from 'node:crypto';
import { mongo } from 'mongoose';
import { buildRegistry } from '#src/app.ts';
import { allChecks } from '#src/command-line.ts';
import { sealManifest, type Manifest } from '#src/platform/backup/format.ts';
import { verifyBackup } from '#src/platform/backup/verify.ts';
import { withDatabase } from '#src/platform/embedded/mongod.ts';
import { eventually } from '../support/eventually.ts';
import { follow } from '../support/feed-client.ts';
import { call, login, startFleet } from '../support/fleet.ts';
import { checkInvariants } from '../support/invariants.ts';
import { startLoad, summary, type Grant } from '../support/load.ts';
import { operate, type Ended } from '../support/operator.ts';
import { showLogs, startSystem, type System } from '../support/system.ts';

const key = 'one key for all processes of this suite, 32';

describe('backup and restore', function () {
  this.timeout(240_000);
  let system: System;
  let folder: string;
  let backup: string;
  let manifest: Manifest;
  /** Acknowledged before the backup began, and while it ran or afterwards. */
  let early: Grant[] = [];
  const client = { now: undefined as mongo.MongoClient | undefined };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'brain-backup-'));
    backup = join(folder, 'yesterday');
    system = await startSystem({ apis: 1, workers: 1, people: 6, env: { MASTER_KEY: key } });
    client.now = new mongo.MongoClient(system.servers.mongoUrl);
  });
  after(async () => {
    await client.now?.close();
    await system?.stop();
    await rm(folder, { recursive: true, force: true });
  });
  afterEach(function () {
    showLogs(this, system);
  });

  const environment = (database?: string): Record<string, string> => ({
    MONGO_URL: database ? withDatabase(system.servers.mongoUrl, database) : system.servers.mongoUrl,
    REDIS_URL: system.servers.redisUrl,
    KEY_PREFIX: database ?? system.keyPrefix,
    MASTER_KEY: key,
    DATA_DIR: folder,
  });
  const run = async (command: 'backup' | 'restore', options: string[], database?: string): Promise<Ended> =>
    await operate(command, options, environment(database)).ended;
  const historyWindow = async (): Promise<unknown> =>
    (await system.db.admin().command({ getParameter: 1, minSnapshotHistoryWindowInSeconds: 1 }))[
      'minSnapshotHistoryWindowInSeconds'
    ];
  const restored = (name: string): mongo.Db => (client.now as mongo.MongoClient).db(name);

  it('takes everything as of one moment while grants go on', async () => {
    const load = startLoad(system);
    await eventually(() => assert.ok(load.report.grants.length > 150), 30_000);
    early = [...load.report.grants];
    const { code, said } = await run('backup', ['--to', backup]);
    const after = load.report.grants.length;
    const report = await load.stop();
    console.log(`      ${summary(report)}`);
    assert.equal(code, 0, said);
    assert.ok(after > early.length + 20, 'nothing was granted while the backup ran');
    assert.deepEqual(report.unexpected, []);
    assert.equal(await historyWindow(), 0, 'the window of the past was not put back');
    manifest = JSON.parse(await readFile(join(backup, 'manifest.json'), 'utf8')) as Manifest;
    const names = (await system.db.listCollections().toArray()).map(({ name }) => name).toSorted();
    assert.deepEqual(
      manifest.files.map(({ collection }) => collection),
      names,
    );
    assert.ok(!JSON.stringify(manifest).includes(key), 'the key itself is in the manifest');
  });

  it('puts the window of the past back when it is killed', async () => {
    const killed = operate('backup', ['--to', join(folder, 'killed')], environment());
    await eventually(async () => assert.notEqual(await historyWindow(), 0), 20_000, 5);
    killed.child.kill('SIGKILL');
    await killed.ended;
    await eventually(async () => assert.equal(await historyWindow(), 0), 10_000);
    const { code, said } = await run('restore', ['--from', join(folder, 'killed')], 'nothing');
    assert.equal(code, 1);
    assert.match(said, /is no backup: it has no manifest/u);
  });

  it('restores into an empty database: all of before is in, every promise holds, undone work goes on', async () => {
    const { code, said } = await run('restore', ['--from', backup], 'restored');
    assert.equal(code, 0, said);
    const undone = await restored('restored').collection('work').countDocuments({ state: 'new' });
    console.log(`      ${undone} rows of work were undone`);
    const fleet = await startFleet({
      servers: { ...system.servers, mongoUrl: environment('restored')['MONGO_URL'] ?? '' },
      apis: 1,
      workers: 1,
      keyPrefix: 'restored',
      env: { MASTER_KEY: key },
    });
    try {
      const url = fleet.apis[0]?.url ?? '';
      await checkInvariants(restored('restored'), { acknowledged: early });
      assert.equal((await call(url, 'GET', '/api/auth/me', { token: system.token })).status, 401);
      const indexes = await restored('restored').collection('xp_totals').indexes();
      assert.equal(indexes.length, 2, 'the board has no index');
      await checkCursors(url, await login(url));
    } finally {
      await fleet.stop();
    }
  });

  /** A client of the old system that is ahead of the backup is told to begin anew, also when the feed has caught up. */
  async function checkCursors(url: string, token: string): Promise<void> {
    const userId = system.people[0] ?? '';
    const feed = `user.${userId}`;
    const read = async (at: string, of: string, query: string): Promise<Record<string, unknown>> =>
      (await call(at, 'GET', `/api/websocket/feeds/${feed}?${query}`, { token: of })).body as Record<string, unknown>;
    const old = await read(system.url(0), system.token, 'since=0');
    const seen = Number(old['head']);
    const now = await read(url, token, 'since=0');
    assert.ok(seen > 0 && Number(now['head']) > 0 && Number(now['head']) <= seen);
    assert.notEqual(now['epoch'], old['epoch']);
    for (let more = Number(now['head']); more < seen + 10; more += 1) {
      const body = { userId, amount: 1, reason: `after ${more}` };
      assert.equal((await call(url, 'POST', '/api/gamification/xp/add', { token, body })).status, 201);
    }
    await eventually(async () => {
      assert.ok(Number((await read(url, token, 'since=0'))['head']) > seen + 5);
    }, 10_000);
    const stale = await read(url, token, `since=${seen}&epoch=${String(old['epoch'])}`);
    assert.equal(stale['reset'], true, JSON.stringify(stale));
    const failures: string[] = [];
    const follower = await follow(url, token, feed, (reason) => failures.push(reason));
    await eventually(async () => {
      assert.equal(follower.applied.length, Number((await read(url, token, 'since=0'))['head']));
    }, 10_000);
    follower.close();
    assert.deepEqual(failures, []);
  }

  it('refuses a database that runs, and one that holds something', async () => {
    const running = await run('restore', ['--from', backup, '--replace', '--yes']);
    assert.equal(running.code, 1);
    assert.match(running.said, /runs here .*: stop all of its processes first/u);
    const full = await run('restore', ['--from', backup], 'restored');
    assert.equal(full.code, 1);
    assert.match(full.said, /This would replace the database restored with .*\d+ xp_ledger.*say --replace/u);
  });

  it('refuses to start after a restore that was killed, and is whole after it was run again', async () => {
    const db = restored('restored');
    const killed = operate('restore', ['--from', backup, '--replace', '--yes'], environment('restored'));
    await eventually(
      async () => {
        const mark = await db.collection<{ _id: string; phase: string }>('restores').findOne({ _id: 'now' });
        assert.equal(mark?.phase, 'replacing');
      },
      30_000,
      1,
    );
    killed.child.kill('SIGKILL');
    await killed.ended;
    const servers = { ...system.servers, mongoUrl: environment('restored')['MONGO_URL'] ?? '' };
    await assert.rejects(
      startFleet({ servers, apis: 1, workers: 0, keyPrefix: 'restored', env: { MASTER_KEY: key } }),
      /A restore from .* was begun .* and not ended/u,
    );
    const abandoned = await run('restore', ['--abandon'], 'restored');
    assert.match(abandoned.said, /only a restore can make it whole/u);
    // What was there is gone already, so nobody is asked about it.
    const again = await run('restore', ['--from', backup], 'restored');
    assert.equal(again.code, 0, again.said);
    assert.deepEqual(
      (await db.listCollections().toArray()).map(({ name }) => name).filter((name) => name.startsWith('restoring.')),
      [],
    );
    for (const { collection, documents } of manifest.files.filter((file) =>
      /^(?:xp_|users|work)/u.test(file.collection),
    )) {
      assert.equal(await db.collection(collection).countDocuments(), documents, collection);
    }
    assert.equal(await db.collection('restores').countDocuments(), 0);
  });

  const damages: readonly (readonly [name: string, damage: (copy: string) => Promise<void>, found: RegExp])[] = [
    [
      'a flipped byte',
      async (copy) => {
        const file = join(copy, 'users.bson.gz');
        const bytes = await readFile(file);
        bytes[bytes.length - 20] = (bytes[bytes.length - 20] ?? 0) ^ 1;
        await writeFile(file, bytes);
      },
      /users\.bson\.gz: (its SHA-256|it cannot be read)/u,
    ],
    [
      'a missing file',
      async (copy) => await rm(join(copy, 'xp_ledger.bson.gz')),
      /xp_ledger\.bson\.gz: it is missing/u,
    ],
    [
      'a cut file',
      async (copy) => {
        const file = join(copy, 'events.bson.gz');
        await truncate(file, (await readFile(file)).length - 100);
      },
      /events\.bson\.gz: it cannot be read: unexpected end of file/u,
    ],
    [
      'an altered step of a machine',
      async (copy) =>
        await rewrite(copy, 'transitions', (docs) => docs.with(3, { ...docs[3], actor: 'somebody else' })),
      /one unbroken chain: step \d+ of onboarding/u,
    ],
    [
      'a step that is gone from the end',
      async (copy) => await rewrite(copy, 'transitions', (docs) => docs.slice(0, -1)),
      /one unbroken chain: onboarding\S+ stands at step/u,
    ],
    [
      'a gap in a feed',
      async (copy) => await rewrite(copy, 'feed_events', (docs) => docs.toSpliced(inTheMiddle(docs), 1)),
      /every feed counts on without gaps: \S+ has \d+ and next \d+/u,
    ],
    [
      'a grant that the totals do not know',
      async (copy) => await rewrite(copy, 'xp_ledger', (docs) => docs.slice(1)),
      /XP totals are the sums of the ledger: the ledger of \S+ has -\d+ XP and -1 grants more/u,
    ],
    [
      'a badge awarded twice',
      async (copy) =>
        await rewrite(copy, 'badge_awards', (docs) => [...docs, { ...docs[0], _id: 'another' } as mongo.Document]),
      /each badge is awarded once/u,
    ],
    [
      'an altered manifest',
      async (copy) => {
        const text = JSON.stringify({ ...manifest, takenAt: '2020-01-01T00:00:00.000Z' });
        await writeFile(join(copy, 'manifest.json'), text);
      },
      /The manifest of .* is damaged/u,
    ],
  ];
  for (const [name, damage, found] of damages) {
    it(`finds ${name}`, async () => {
      const copy = join(folder, name.replaceAll(' ', '-'));
      await cp(backup, copy, { recursive: true });
      await damage(copy);
      const said = await verifyBackup(copy, allChecks(buildRegistry())).then(
        ({ problems }) => problems.join('\n'),
        (error: unknown) => String(error),
      );
      assert.match(said, found);
      await rm(copy, { recursive: true });
    });
  }

  /** A place in a feed with another one before and after it. */
  function inTheMiddle(docs: readonly mongo.Document[]): number {
    return docs.findIndex(
      ({ feed }, index) => feed === docs[index - 1]?.['feed'] && feed === docs[index + 1]?.['feed'],
    );
  }

  /** Rewrites a collection of a backup with right sums, as somebody would who wants to hide what is changed. */
  async function rewrite(
    copy: string,
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

  it('ends with 1 for a damaged backup, 64 for wrong options, and never writes into a folder that holds something', async () => {
    const copy = join(folder, 'damaged');
    await cp(backup, copy, { recursive: true });
    await rm(join(copy, 'users.bson.gz'));
    const damaged = await run('backup', ['--verify', copy]);
    assert.equal(damaged.code, 1);
    assert.match(damaged.said, /users\.bson\.gz: it is missing/u);
    const neither = await run('backup', []);
    assert.equal(neither.code, 64);
    const full = await run('backup', ['--to', backup]);
    assert.equal(full.code, 1);
    assert.match(full.said, /is not empty/u);
  });
});
