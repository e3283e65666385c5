// What a line of a file is read as.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { z } from 'zod';
import { AppError } from '#src/platform/errors.ts';
import { defineImport } from '#src/platform/imports/definition.ts';
import { parseLine } from '#src/platform/imports/step.ts';

const anything = defineImport({
  name: 'anything',
  permission: 'import.run',
  line: z.looseObject({ n: z.number() }),
  load: async () => await Promise.resolve(),
  toCommand: ({ n }) => ({ kind: 'thing.make', input: { n } }),
});

describe('parseLine', () => {
  const read = (text: string) => parseLine(anything, null, { n: 1, text });

  it('takes a line as it is, with members that its definition does not name', () => {
    const line = { n: 1, more: { $ref: 'a' }, $id: 'b' };
    assert.deepEqual(read(JSON.stringify(line)), { line });
  });

  it('refuses a line that MongoDB would give back as something else', () => {
    for (const line of [
      { n: 1, $ref: 'a', $id: 'b' },
      { n: 1, more: [{ _bsontype: 'Long' }] },
      { n: 1, 'a\0b': 1 },
    ]) {
      const refused = read(JSON.stringify(line));
      assert.ok(refused instanceof AppError, JSON.stringify(line));
      assert.equal(refused.problem.code, 'import.not-json');
    }
  });
});
