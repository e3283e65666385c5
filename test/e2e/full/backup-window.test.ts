// MongoDB's window of the past, which a backup raises, is put back: by one that is killed, beside a second one, and after
// one that was killed together with its guard.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { startBackupSuite, type BackupSuite } from '../../support/backups.ts';
import { eventually } from '../../support/eventually.ts';
import { slowDown, unblock } from '../../support/faults.ts';
import { operate } from '../../support/operator.ts';
import { showLogs } from '../../support/system.ts';

describe('the window of the past that backups raise', function () {
  this.timeout(240_000);
  let suite: BackupSuite;

  before(async () => {
    suite = await startBackupSuite();
  });
  after(async () => await suite?.stop());
  afterEach(function () {
    showLogs(this, suite?.system);
  });

  it('puts the window of the past back when it is killed', async () => {
    const { folder, environment, historyWindow, run } = suite;
    const killed = operate('backup', ['--to', join(folder, 'killed')], environment());
    await eventually(async () => assert.notEqual(await historyWindow(), 0), 60_000, 5);
    killed.child.kill('SIGKILL');
    await killed.ended;
    await eventually(async () => assert.equal(await historyWindow(), 0), 10_000);
    const { code, said } = await run('restore', ['--from', join(folder, 'killed')], 'nothing');
    assert.equal(code, 1);
    assert.match(said, /is no backup: it has no manifest/u);
    const next = await run('backup', ['--to', join(folder, 'after-the-killed')]);
    assert.equal(next.code, 0, next.said);
    assert.equal(await historyWindow(), 0);
  });

  it('refuses a second backup while one is under way, and puts the window back when that ends', async () => {
    const { system, folder, environment, historyWindow, run } = suite;
    await slowDown(system.db, { commands: ['find'], ms: 2_000, of: 'smartstart-brain-backup' });
    const first = operate('backup', ['--to', join(folder, 'first')], environment());
    await eventually(async () => assert.notEqual(await historyWindow(), 0), 60_000);
    const second = await run('backup', ['--to', join(folder, 'second')]);
    await unblock(system.db);
    assert.equal((await first.ended).code, 0, first.said());
    assert.equal(second.code, 1, second.said);
    assert.match(second.said, /Another backup of this database is under way/u);
    assert.equal(await historyWindow(), 0);
  });

  it('puts back what was there before one that was killed together with its guard', async () => {
    const { system, folder, historyWindow, run } = suite;
    const meta = system.db.collection<{ _id: string }>('meta');
    const left = { _id: 'backup', holder: 'gone', until: new Date(0), added: 400 };
    await meta.insertOne(left);
    await system.db.admin().command({ setParameter: 1, minSnapshotHistoryWindowInSeconds: 350 });
    const { code, said } = await run('backup', ['--to', join(folder, 'after-both')]);
    assert.equal(code, 0, said);
    assert.equal(await historyWindow(), 0);
    assert.equal(await meta.countDocuments({ _id: 'backup' }), 0);
  });
});
