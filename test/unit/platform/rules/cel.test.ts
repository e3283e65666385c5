// Rules in CEL: what the badge tables may hold, and what is said of what they may not. Semantics beyond these cases are
// those of @bufbuild/cel, which passes the language's conformance suite.
import assert from 'node:assert/strict';
import { compileRule, RuleError } from '#src/platform/rules/cel.ts';

const totals = { xp: 300n, level: 3n, grants: 10n };

describe('compileRule', () => {
  for (const [rule, expected] of [
    ['grants >= 10', true],
    ['grants > 10', false],
    ['level >= 3 && xp >= 300', true],
    ['level == 9 || xp / 100 == 3', true],
    ['xp % 7 == 6', true],
    ['!(xp < 0)', true],
    ['[1, 2, 3].exists(n, n == level)', true],
    // CEL's logic absorbs the error of one side when the other decides (cel-spec, "Logical Operators").
    ['grants == 10 || xp / 0 == 1', true],
  ] as const) {
    it(`${rule} is ${String(expected)}`, () => {
      assert.equal(compileRule(rule)(totals), expected);
    });
  }

  it('refuses what cannot be read when it is compiled', () => {
    assert.throws(() => compileRule('grants >='), RuleError);
    assert.throws(() => compileRule('x'.repeat(2_000)), /longer than 1024 characters/u);
  });

  it('refuses what does not come to true or false when it is asked', () => {
    assert.throws(() => compileRule('xp + 1')(totals), /does not come to true or false/u);
    assert.throws(() => compileRule('unknown > 1')(totals), RuleError);
    assert.throws(() => compileRule('xp / 0 == 1')(totals), RuleError);
  });
});
