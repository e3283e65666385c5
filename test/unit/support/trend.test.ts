// The straight line that finds leaks: what grows is found, what only trembles or was high at first is not.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { grows, trendOf } from '../../support/trend.ts';

const bound = { share: 0.1, amount: 1 };

describe('a trend', () => {
  it('is the line through the second half', () => {
    assert.deepEqual(trendOf([900, 900, 900, 900, 10, 20, 30, 40]), { level: 25, growth: 30 });
  });

  it('is nothing where nothing was seen', () => {
    assert.deepEqual(trendOf([]), { level: 0, growth: 0 });
  });

  const trembling = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 40, maxLength: 200 });

  it('finds a leak of a fifth of the level under any tremor of a hundredth', () => {
    fc.assert(
      fc.property(trembling, (tremor) => {
        const step = 40 / tremor.length;
        assert.ok(grows(trendOf(tremor.map((value, index) => 100 + value + index * step)), bound));
      }),
    );
  });

  it('takes no tremor of a hundredth, and no falling figure, for a leak', () => {
    fc.assert(
      fc.property(trembling, fc.double({ min: 0, max: 1, noNaN: true }), (tremor, fall) => {
        assert.ok(!grows(trendOf(tremor.map((value, index) => 1_000 + value - index * fall)), bound));
      }),
    );
  });
});
