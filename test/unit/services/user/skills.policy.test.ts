// Slugs of skills, their order, and who is shown what.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { levels, mayShow } from '#src/services/user/showing/showing.policy.ts';
import { skillName, skillSlug } from '#src/services/user/skills/skills.schema.ts';
import { foundSlugs, movedTo, slugOf } from '#src/services/user/skills/skills.policy.ts';

describe('skills', () => {
  for (const [name, slug] of [
    ['TypeScript', 'typescript'],
    ['Node.js', 'node-js'],
    ['node js', 'node-js'],
    ['.NET', 'dot-net'],
    ['C', 'c'],
    ['C++', 'c-plus-plus'],
    ['C#', 'c-sharp'],
    ['R&D', 'r-and-d'],
    ['  Public   Speaking ', 'public-speaking'],
    ['Ｐｙｔｈｏｎ', 'python'],
    ['Élevage', 'élevage'],
    ['E\u0301levage', 'élevage'],
    ['机器学习', '机器学习'],
    ['हिन्दी', 'हिन्दी'],
    ['A/B testing', 'a-b-testing'],
    ['<script>', 'script'],
    ['$where', 'where'],
    ['!!!', ''],
  ] as const) {
    it(`calls ${JSON.stringify(name)} ${JSON.stringify(slug)}`, () => assert.equal(slugOf(name), slug));
  }

  it('makes of any name a slug that its paths take, and the same of it again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (text) => {
        const name = skillName.safeParse(text);
        fc.pre(name.success);
        const slug = slugOf(name.data ?? '');
        assert.equal(skillSlug.parse(slug), slug);
        assert.equal(slugOf(slug), slug);
      }),
    );
  });

  it('moves an entry and leaves the order of the others', () => {
    assert.deepEqual(movedTo(['a', 'b', 'c'], 0, 2), ['b', 'c', 'a']);
    assert.deepEqual(movedTo(['a', 'b', 'c'], 2, 0), ['c', 'a', 'b']);
    assert.deepEqual(movedTo(['a', 'b', 'c'], 1, 49), ['a', 'c', 'b']);
  });

  it('lets people be found by what every member may see', () => {
    const skills = levels.map((visibility) => ({ slug: visibility, name: visibility, visibility }));
    assert.deepEqual(foundSlugs(skills), ['public', 'members']);
  });

  it('shows each level to whom it is for', () => {
    const shown = (['self', 'connection', 'member', 'anonymous'] as const).map((relation) =>
      levels.filter((level) => mayShow(level, relation)),
    );
    assert.deepEqual(shown, [
      ['public', 'members', 'connections', 'private'],
      ['public', 'members', 'connections'],
      ['public', 'members'],
      ['public'],
    ]);
  });
});
