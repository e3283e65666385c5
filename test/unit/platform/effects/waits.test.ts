// How long a failed effect waits.
import assert from 'node:assert/strict';
import { retryOf, waitBefore } from '#src/platform/effects/effect.ts';

describe('waits of effects', () => {
  const retry = { attempts: 9, baseMs: 100, maxMs: 1_000, jitter: 1 };

  it('double up to the longest, and chance takes its part of each', () => {
    const longest = [0, 1, 2, 3, 4, 60].map((failed) => waitBefore(retry, failed, 0));
    assert.deepEqual(longest, [100, 200, 400, 800, 1_000, 1_000]);
    assert.equal(waitBefore(retry, 2, 0.25), 300);
    assert.equal(waitBefore({ ...retry, jitter: 0.5 }, 2, 0.999), 200);
    assert.equal(waitBefore({ ...retry, jitter: 0 }, 2, 0.999), 400);
  });

  it('are what a kind says, and the usual ones where it says nothing', () => {
    assert.deepEqual(retryOf({ retry: { attempts: 2 } }), { ...retryOf({}), attempts: 2 });
  });
});
