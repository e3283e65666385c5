// How many rows an owner takes together: a table of what was seen and what follows.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { leases } from '#config/pools.ts';
import { nextBatch } from '#src/platform/commands/drain-work.ts';

const settings = { maxBatch: 256, deepBatch: 1_024 };
const quick = leases.deepBatchMs / 2;
const slow = leases.deepBatchMs + 1;

describe('the batch of a backlog', () => {
  const cases: readonly (readonly [name: string, limit: number, taken: number, ms: number, next: number])[] = [
    ['doubles when it was full and quick', 256, 256, quick, 512],
    ['doubles no further than the deepest', 1_024, 1_024, quick, 1_024],
    ['stays when twice of it would take too long', 512, 512, quick + 1, 512],
    ['halves when it took too long', 1_024, 1_024, slow, 512],
    ['halves no further than the usual', 256, 256, slow, 256],
    ['is the usual one when it was not full', 1_024, 1_023, quick, 256],
    ['is the usual one when there was nothing', 512, 0, 0, 256],
  ];
  for (const [name, limit, taken, ms, next] of cases) {
    it(name, () => assert.equal(nextBatch(settings, limit, taken, ms), next));
  }

  it('is never less than usual nor more than the deepest', () => {
    const seen = fc.array(fc.tuple(fc.boolean(), fc.nat(1_000)));
    fc.assert(
      fc.property(seen, (batches) => {
        let limit = settings.maxBatch;
        for (const [full, ms] of batches) {
          limit = nextBatch(settings, limit, full ? limit : limit - 1, ms);
          assert.ok(limit >= settings.maxBatch && limit <= settings.deepBatch);
        }
      }),
    );
  });
});
