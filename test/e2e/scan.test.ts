// Foreign judges over the running product, a few requests for each path; `npm run scan` lets them ask for longer.
import assert from 'node:assert/strict';
import { before, describe, it } from 'mocha';
import { compare, readBaseline } from '../scan/baseline.ts';
import { scan } from '../scan/scan.ts';
import { installTools, type Tools } from '../scan/tools.ts';

const say = (line: string): void => void process.stdout.write(`    ${line}\n`);

describe('what Schemathesis and Spectral find', function () {
  this.timeout(300_000);
  let tools: Tools;

  before(async function () {
    try {
      tools = await installTools(say);
    } catch (error) {
      say(`The scanners cannot be installed here: ${String(error).slice(0, 200)}`);
      this.skip();
    }
  });

  it('is what was accepted with a reason, no more and no less', async () => {
    const { added, gone } = compare(await readBaseline(), await scan(tools, { maxExamples: 2, seed: 1, say }));
    assert.deepEqual({ added, gone }, { added: [], gone: [] });
  });
});
