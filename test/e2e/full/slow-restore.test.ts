// A restore whose steps over a whole collection take longer than any request may.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { startBackupSuite, type BackupSuite } from '../../support/backups.ts';
import { slowDown, unblock } from '../../support/faults.ts';
import { showLogs } from '../../support/system.ts';

describe('a restore of a large database', function () {
  this.timeout(240_000);
  let suite: BackupSuite;
  let backup: string;

  before(async () => {
    suite = await startBackupSuite();
    backup = join(suite.folder, 'yesterday');
    const { code, said } = await suite.run('backup', ['--to', backup]);
    assert.equal(code, 0, said);
  });
  after(async () => await suite?.stop());
  afterEach(function () {
    showLogs(this, suite?.system);
  });

  it('ends where steps over a whole collection take longer than a request may', async () => {
    const { restored, run } = suite;
    const db = restored('slow');
    const commands = ['createIndexes', 'update'];
    await slowDown(db, { commands, collection: 'feed_events', ms: 11_000, of: 'smartstart-brain-restore' });
    const { code, said } = await run('restore', ['--from', backup], 'slow');
    await unblock(db);
    assert.equal(code, 0, said);
    assert.equal((await db.collection('feed_events').indexes()).length, 3);
    assert.equal(
      (await db.collection('feed_events').distinct('epoch')).length,
      1,
      'feeds go on under their old epochs',
    );
  });
});
