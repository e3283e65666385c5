// The deal of shards: every shard of a pool that has an owner, evenly, and whole pools where they can be.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { dealShards, type Candidate } from '#src/platform/commands/share.ts';

const pools = ['a', 'b', 'c'] as const;
const shards = new Map(pools.map((pool) => [pool, Array.from({ length: 8 }, (_, index) => `${pool}.${index}`)]));
const ownersOf = (runs: Readonly<Record<string, readonly string[]>>): Candidate[] =>
  Object.entries(runs).flatMap(([node, names]) => names.map((pool) => ({ _id: `${pool}-${node}`, pool, node })));

const someRuns = fc.dictionary(
  fc.constantFrom('n1', 'n2', 'n3', 'n4', 'n5'),
  fc.subarray([...pools], { minLength: 1 }),
  { minKeys: 1 },
);

describe('dealShards', () => {
  it('gives three processes a whole pool each', () => {
    const dealt = dealShards(shards, ownersOf({ n1: pools, n2: pools, n3: pools }));
    for (const pool of pools) {
      const owners = new Set((shards.get(pool) ?? []).map((shard) => dealt.get(shard)));
      assert.equal(owners.size, 1, `${pool} is split`);
    }
    assert.equal(new Set(dealt.values()).size, 3);
  });

  it('gives every shard of a pool with an owner to one of its owners, whoever runs what', () => {
    fc.assert(
      fc.property(someRuns, (runs) => {
        const owners = ownersOf(runs);
        const dealt = dealShards(shards, owners);
        for (const pool of pools) {
          const able = owners.filter((owner) => owner.pool === pool).map(({ _id }) => _id);
          for (const shard of shards.get(pool) ?? []) {
            assert.equal(able.length > 0, dealt.has(shard));
            assert.ok(able.length === 0 || able.includes(dealt.get(shard) ?? ''));
          }
        }
      }),
    );
  });

  it('deals evenly among processes that run the same pools, in any order they are listed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 7 }), fc.integer(), (count, seed) => {
        const owners = ownersOf(Object.fromEntries(Array.from({ length: count }, (_, index) => [`n${index}`, pools])));
        const shuffled = owners.toSorted(
          (left, right) => ((left._id.length * 31 + seed) % 7) - ((right._id.length * 17 + seed) % 5),
        );
        const dealt = dealShards(shards, shuffled);
        assert.deepEqual(dealt, dealShards(shards, owners));
        const counts = new Map<string, number>();
        for (const owner of dealt.values()) {
          const node = owner.split('-')[1] ?? '';
          counts.set(node, (counts.get(node) ?? 0) + 1);
        }
        assert.ok(Math.max(...counts.values()) - Math.min(...counts.values()) <= 1);
        assert.equal(counts.size, count);
      }),
    );
  });
});
