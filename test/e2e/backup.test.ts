// Taking and verifying a backup: everything as of one moment under load, and what is damaged is found. Backups that are
// killed, or two at once: full/backup-window.test.ts.
import assert from 'node:assert/strict';
import { cp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { mongo } from 'mongoose';
import { buildRegistry } from '#src/app.ts';
import { allChecks } from '#src/command-line.ts';
import type { Manifest } from '#src/platform/backup/format.ts';
import { verifyBackup } from '#src/platform/backup/verify.ts';
import { backUpUnderLoad, backupKey, rewriteBackup, startBackupSuite, type BackupSuite } from '../support/backups.ts';
import { showLogs } from '../support/system.ts';

describe('backup', function () {
  this.timeout(240_000);
  let suite: BackupSuite;
  let backup: string;
  let manifest: Manifest;

  before(async () => {
    suite = await startBackupSuite();
    backup = join(suite.folder, 'yesterday');
  });
  after(async () => await suite?.stop());
  afterEach(function () {
    showLogs(this, suite?.system);
  });

  it('takes everything as of one moment while grants go on', async () => {
    const { system, historyWindow } = suite;
    const taken = await backUpUnderLoad(suite, backup);
    const { early, after, report } = taken;
    assert.ok(after > early.length + 20, 'nothing was granted while the backup ran');
    assert.deepEqual(report.unexpected, []);
    assert.equal(await historyWindow(), 0, 'the window of the past was not put back');
    manifest = taken.manifest;
    const names = (await system.db.listCollections().toArray()).map(({ name }) => name).toSorted();
    assert.deepEqual(
      manifest.files.map(({ collection }) => collection),
      names,
    );
    assert.ok(!JSON.stringify(manifest).includes(backupKey), 'the key itself is in the manifest');
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
      const copy = join(suite.folder, name.replaceAll(' ', '-'));
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

  /** Rewrites a collection of a copy of the backup with right sums. */
  async function rewrite(
    copy: string,
    collection: string,
    change: (docs: mongo.Document[]) => mongo.Document[],
  ): Promise<void> {
    await rewriteBackup(copy, manifest, collection, change);
  }

  it('ends with 1 for a damaged backup, 64 for wrong options, and never writes into a folder that holds something', async () => {
    const { folder, run } = suite;
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
