// `npm test` as somebody meets it who asks how: an answer, and nothing is started or run for it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../..');

describe('npm test', function () {
  this.timeout(30_000);
  for (const option of ['--help', '-h']) {
    it(`tells with ${option} what it runs and how a part of it is run`, () => {
      const script = join(root, 'test/run.ts');
      const { status, stdout } = spawnSync(process.execPath, ['--import', 'tsx', script, option], {
        cwd: root,
        encoding: 'utf8',
        timeout: 25_000,
      });
      assert.equal(status, 0, stdout);
      for (const told of [
        'npm test -- [',
        '--full',
        '--unit',
        '--grep',
        'test/unit/x.test.ts',
        'SEED',
        'SOAK_MINUTES',
      ]) {
        assert.ok(stdout.includes(told), `${told} is not told of:\n${stdout}`);
      }
      assert.doesNotMatch(stdout, /passed, \d+ failed|Using mongod/u);
    });
  }
});
