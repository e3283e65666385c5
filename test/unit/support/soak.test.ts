// The judge of the soak: a growth that is planted in any figure with a bound is found, and by its name; a day that only
// trembles is let pass.
import assert from 'node:assert/strict';
import { judge, type Sample } from '../../support/soak.ts';

const count = 36;
/** What an ordinary day looks like: each figure about its level, a little up and down. */
const levels: Sample = {
  'api-0 heap MiB': 60,
  'api-0 rss MiB': 180,
  'api-0 lag p99 ms': 20,
  'api-0 handles': 60,
  'api-0 timers': 50,
  'api-0 listeners': 8,
  'Redis MiB': 20,
  'Redis keys': 400,
  'MongoDB connections': 90,
  'webhooks oldest wait ms': 50,
};
/** Growth over the whole time that is a leak, or a work that falls behind. */
const leaks: Sample = {
  'api-0 heap MiB': 20,
  'api-0 rss MiB': 150,
  'api-0 lag p99 ms': 400,
  'api-0 handles': 60,
  'api-0 timers': 120,
  'api-0 listeners': 8,
  'Redis MiB': 60,
  'Redis keys': 800,
  'MongoDB connections': 500,
  'webhooks oldest wait ms': 30_000,
};

function day(leaking: string | undefined): Sample[] {
  return Array.from({ length: count }, (_, index) =>
    Object.fromEntries(
      Object.entries(levels).map(([name, level]) => {
        const tremor = 1 + 0.05 * Math.sin(index * 2.4);
        const leaked = name === leaking ? ((leaks[name] ?? 0) * index) / count : 0;
        return [name, name.endsWith('listeners') ? level + Math.round(leaked) : level * tremor + leaked];
      }),
    ),
  );
}

describe('the judge of the soak', () => {
  it('lets an ordinary day pass', () => {
    const { growing, table } = judge(day(undefined));
    assert.deepEqual(growing, []);
    assert.equal(table.split('\n').length, Object.keys(levels).length + 1);
  });

  for (const name of Object.keys(levels)) {
    it(`finds a growing ${name}`, () => {
      const { growing } = judge(day(name));
      assert.deepEqual(
        growing.map((each) => each.split(':')[0]),
        [name],
      );
    });
  }
});
