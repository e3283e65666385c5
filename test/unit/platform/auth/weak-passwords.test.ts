// Which new passwords are refused: the list, the folder of range files, and what follows from who one is.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { isDictionaryWord, isPwned } from '#src/platform/auth/known-passwords.ts';
import { weaknessOf } from '#src/platform/auth/weak-passwords.ts';

const own = ['hans.schmidt@example.test', 'Hans Schmidt'];

describe('weak passwords', function () {
  this.timeout(20_000);

  it('are words that everybody tries, in any case and any form', async () => {
    for (const word of ['password', 'PassWord', 'iloveyou', 'qwertyuiop', 'ｐａｓｓｗｏｒｄ']) {
      assert.match(String(await weaknessOf(word, [])), /tried first/u, word);
    }
    assert.equal(await isDictionaryWord('correct horse battery'), false);
  });

  it('are near to who one is, to the product, to dates, runs and repeats', async () => {
    for (const near of [
      'Schmidt1985',
      'hans.schmidt@example.test',
      'SCHM1DT!',
      'smartstart1',
      '12.04.1987',
      'abcabcabcabcabc',
    ]) {
      assert.match(String(await weaknessOf(near, own)), /unrelated words/u, near);
    }
    assert.notEqual(await weaknessOf('x'.repeat(256), own), null);
  });

  it('are not those that merely hold a word, or are long, or have one kind of character', async () => {
    for (const good of [
      'correct horse battery',
      'Ångström-Å',
      'my password for schmidt is long',
      'vqxzkjwpf',
      'ß'.repeat(2) + 'quiet river lamp '.repeat(14),
    ]) {
      assert.equal(await weaknessOf(good, own), null, good);
    }
  });

  it('are those of a folder of range files, with and without .txt, but not its padding', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ranges-'));
    try {
      const digestOf = (text: string): string => createHash('sha1').update(text).digest('hex').toUpperCase();
      for (const [text, ending, count] of [
        ['leaked long ago', '', 3],
        ['leaked as well', '.txt', 12],
        ['only padding', '', 0],
      ] as const) {
        const digest = digestOf(text);
        const lines = [`${'0'.repeat(35)}:1`, `${digest.slice(5)}:${count}`, `${'F'.repeat(35)}:2`];
        await writeFile(join(folder, digest.slice(0, 5) + ending), lines.join('\r\n'));
      }
      const found = await Promise.all(
        ['leaked long ago', 'leaked as well', 'only padding', 'never leaked'].map(
          async (text) => await isPwned(text, folder),
        ),
      );
      assert.deepEqual(found, [true, true, false, false]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
