// Foreign judges over the running product for longer, with another seed each day.
import assert from 'node:assert/strict';
import { before, describe, it } from 'mocha';
import { compare, readBaseline } from '../../scan/baseline.ts';
import { scan } from '../../scan/scan.ts';
import { toolsOrSkip, type Tools } from '../../scan/tools.ts';

const say = (line: string): void => void process.stdout.write(`    ${line}\n`);

describe('what Schemathesis and Spectral find in many requests', function () {
  this.timeout(1_200_000);
  let tools: Tools;

  before(async function () {
    tools = await toolsOrSkip(this, say);
  });

  it('is what was accepted with a reason, no more and no less', async () => {
    const seed = Number(process.env['SEED'] ?? Math.floor(Date.now() / 86_400_000));
    say(`SEED=${seed}`);
    const { added, gone } = compare(await readBaseline(), await scan(tools, { maxExamples: 50, seed, say }));
    assert.deepEqual({ added, gone }, { added: [], gone: [] });
  });
});
