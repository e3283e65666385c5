// Guards are missed when they are gone: test/support/prove-guards.ts.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'mocha';

describe('guards that are taken out', () => {
  it('are missed by a test: those of every run', () => {
    const script = ['--import', 'tsx', 'test/support/prove-guards.ts', '--quick'];
    const { status, stdout, stderr } = spawnSync(process.execPath, script, {
      cwd: join(import.meta.dirname, '../..'),
      encoding: 'utf8',
    });
    assert.equal(status, 0, `${stdout}${stderr}`);
  });
});
