// The input of the demo, and the figures it must come to: computed again from the file.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  parseContributions,
  partOf,
  peopleByActivity,
  readContributions,
  shuffled,
  type Contribution,
} from '#src/demo/contributions.ts';
import { expected, figuresOf } from '#src/demo/expected.ts';

describe('demo: contributions', () => {
  let all: Contribution[];
  before(async () => {
    all = await readContributions();
  });

  it('are 17,996 of 1,588 people, each with its own id and its own offset', () => {
    assert.equal(all.length, 17_996);
    assert.equal(new Set(all.map(({ id }) => id)).size, 17_996);
    assert.equal(peopleByActivity(all).length, 1_588);
    assert.equal(new Set(all.map(({ occurredAt }) => occurredAt.slice(-6))).size, 26);
  });

  it('come to the expected figures, in whatever order', () => {
    assert.deepEqual(figuresOf(all), expected);
    assert.deepEqual(figuresOf(shuffled(all, 7)), expected);
  });

  it('put people on the level whose XP they have reached', () => {
    const [line] = all as [Contribution];
    // 5 XP each: just below and exactly at every level.
    const at = [100, 300, 700, 1_500, 3_000, 6_000, 12_000, 24_000, 50_000];
    at.forEach((xp, index) => {
      const grants = Array.from({ length: xp / 5 }, () => ({ ...line, kind: 'ci' as const }));
      assert.equal(figuresOf(grants).atLevels.indexOf(1), index + 1);
      assert.equal(figuresOf(grants.slice(1)).atLevels.indexOf(1), index);
    });
  });

  it('name the line that is none', () => {
    const good = JSON.stringify(all[0]);
    assert.deepEqual(parseContributions(`${good}\n`), [all[0]]);
    const unknownKind = JSON.stringify({ ...all[0], kind: 'magic' });
    for (const bad of ['{', '[]', unknownKind]) {
      assert.throws(() => parseContributions(`${good}\n${bad}\n`), /Line 2 /u);
    }
  });

  it('are played in part: the most active people, then the first lines', () => {
    const two = partOf(all, { people: 2, limit: 1_000 });
    assert.deepEqual([...new Set(two.map(({ person }) => person))].toSorted(), ['p-4fb7ddff3b', 'p-93e41938d6']);
    assert.equal(two.length, 1_000);
    assert.equal(two[0], all[0]);
    assert.equal(partOf(all, {}).length, all.length);
  });
});

describe('demo: shuffle', () => {
  it('is a permutation that depends on the seed alone', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.nat(), (items, seed) => {
        const before = [...items];
        const order = shuffled(items, seed);
        assert.deepEqual(order, shuffled(items, seed));
        assert.deepEqual(items, before);
        const inOrder = (one: number, other: number): number => one - other;
        assert.deepEqual(order.toSorted(inOrder), items.toSorted(inOrder));
      }),
    );
  });

  it('leaves hardly anything in its place, and another seed gives another order', () => {
    const items = Array.from({ length: 1_000 }, (_, index) => index);
    const order = shuffled(items, 1);
    assert.ok(order.filter((item, index) => item === index).length < 10);
    assert.notDeepEqual(order, shuffled(items, 2));
  });
});
