// Every guard of support/guards.ts stands where it says, so that taking it out takes something out.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { guards } from '../support/guards.ts';

const root = join(import.meta.dirname, '../..');

describe('the guards that are proved', () => {
  for (const { lets, file, text } of guards) {
    it(`stand in ${file}: what does not let ${lets}`, () => {
      assert.equal(readFileSync(join(root, file), 'utf8').split(text).length, 2, 'say in test/support/guards.ts where');
    });
  }
});
