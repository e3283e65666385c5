// Foreign judges over the running product, in the small: scan.test.ts is the whole of it.
import assert from 'node:assert/strict';
import { before, describe, it } from 'mocha';
import { compare, readBaseline } from '../../scan/baseline.ts';
import { scan } from '../../scan/scan.ts';
import { toolsOrSkip, type Tools } from '../../scan/tools.ts';

const say = (line: string): void => void process.stdout.write(`    ${line}\n`);

describe('what Schemathesis and Spectral find in a few requests', () => {
  let tools: Tools;

  before(async function () {
    tools = await toolsOrSkip(this, say);
  });

  it('was accepted with a reason', async () => {
    const { added } = compare(await readBaseline(), await scan(tools, { maxExamples: 1, seed: 1, short: true, say }));
    assert.deepEqual(added, []);
  });
});
