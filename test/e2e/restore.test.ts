// Restoring a backup that was taken under load: everything acknowledged before its moment is in, every promise holds,
// cursors and sessions of before are void, and a restore that was killed is not mistaken for a whole one.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  backUpUnderLoad,
  backupKey,
  startBackupSuite,
  type BackupSuite,
  type BackupUnderLoad,
} from '../support/backups.ts';
import { eventually } from '../support/eventually.ts';
import { follow } from '../support/feed-client.ts';
import { call, login, startFleet } from '../support/fleet.ts';
import { checkInvariants } from '../support/invariants.ts';
import { operate } from '../support/operator.ts';
import { showLogs } from '../support/system.ts';

describe('restore', function () {
  this.timeout(240_000);
  let suite: BackupSuite;
  let backup: string;
  let taken: BackupUnderLoad;
  let apiKey: string;

  before(async () => {
    suite = await startBackupSuite();
    backup = join(suite.folder, 'yesterday');
    const { system } = suite;
    const body = { name: 'Robot', scopes: ['self.read'] };
    const made = await call(system.url(0), 'POST', '/api/auth/api-keys', { token: system.token, body });
    apiKey = (made.body as { key: string }).key;
    taken = await backUpUnderLoad(suite, backup);
  });
  after(async () => await suite?.stop());
  afterEach(function () {
    showLogs(this, suite?.system);
  });

  it('restores into an empty database: all of before is in, every promise holds, undone work goes on', async () => {
    const { system, environment, restored, run } = suite;
    const { code, said } = await run('restore', ['--from', backup], 'restored');
    assert.equal(code, 0, said);
    assert.match(said, /^API keys that were revoked: 1, all there were\. Whoever has one makes another/mu);
    const undone = await restored('restored').collection('work').countDocuments({ state: 'new' });
    console.log(`      ${undone} rows of work were undone`);
    const fleet = await startFleet({
      servers: { ...system.servers, mongoUrl: environment('restored')['MONGO_URL'] ?? '' },
      apis: 1,
      workers: 1,
      keyPrefix: 'restored',
      env: { MASTER_KEY: backupKey },
    });
    try {
      const url = fleet.apis[0]?.url ?? '';
      await checkInvariants(restored('restored'), { acknowledged: taken.early });
      assert.equal((await call(url, 'GET', '/api/auth/me', { token: system.token })).status, 401);
      const own = `/api/users/${system.adminId}`;
      assert.equal((await call(system.url(0), 'GET', own, { token: apiKey })).status, 200);
      assert.equal(
        (await call(url, 'GET', own, { token: apiKey })).status,
        401,
        'an API key of before opens something',
      );
      const indexes = await restored('restored').collection('xp_totals').indexes();
      assert.equal(indexes.length, 2, 'the board has no index');
      await checkCursors(url, await login(url));
    } finally {
      await fleet.stop();
    }
  });

  /** A client of the old system that is ahead of the backup is told to begin anew, also when the feed has caught up. */
  async function checkCursors(url: string, token: string): Promise<void> {
    const { system } = suite;
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
    const { run } = suite;
    const running = await run('restore', ['--from', backup, '--replace', '--yes']);
    assert.equal(running.code, 1);
    assert.match(running.said, /runs here .*: stop all of its processes first/u);
    const full = await run('restore', ['--from', backup], 'restored');
    assert.equal(full.code, 1);
    assert.match(full.said, /This would replace the database restored with .*\d+ xp_ledger.*say --replace/u);
  });

  it('refuses to start after a restore that was killed, and is whole after it was run again', async () => {
    const { system, environment, restored, run } = suite;
    const db = restored('restored');
    const killed = operate('restore', ['--from', backup, '--replace', '--yes'], environment('restored'));
    await eventually(
      async () => {
        const mark = await db.collection<{ _id: string; phase: string }>('restores').findOne({ _id: 'now' });
        assert.equal(mark?.phase, 'replacing');
      },
      60_000,
      1,
    );
    killed.child.kill('SIGKILL');
    await killed.ended;
    const servers = { ...system.servers, mongoUrl: environment('restored')['MONGO_URL'] ?? '' };
    await assert.rejects(
      startFleet({ servers, apis: 1, workers: 0, keyPrefix: 'restored', env: { MASTER_KEY: backupKey } }),
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
    for (const { collection, documents } of taken.manifest.files.filter((file) =>
      /^(?:xp_|users|work)/u.test(file.collection),
    )) {
      assert.equal(await db.collection(collection).countDocuments(), documents, collection);
    }
    assert.equal(await db.collection('restores').countDocuments(), 0);
  });
});

describe('a restore from a folder that holds no backup', function () {
  this.timeout(120_000);

  it('says so before it starts or makes anything', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'brain-no-backup-'));
    const dataDir = join(folder, 'data');
    const environment = { MONGO_URL: '', REDIS_URL: '', DATA_DIR: dataDir };
    const { code, said } = await operate('restore', ['--from', folder], environment).ended;
    assert.equal(code, 1);
    assert.match(said, /is no backup: it has no manifest/u);
    assert.ok(!existsSync(dataDir), said);
    await rm(folder, { recursive: true });
  });
});
