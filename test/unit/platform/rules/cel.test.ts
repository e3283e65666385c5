// Rules in CEL: what the badge tables may hold, and what is said of what they may not. Semantics beyond these cases are
// those of @bufbuild/cel, which passes the language's conformance suite.
import assert from 'node:assert/strict';
import { compileExpression, compileRule, fromDate, fromJson, onAccount, RuleError } from '#src/platform/rules/cel.ts';

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

describe('compileExpression', () => {
  const context = { whole: 2, part: 2.5, names: ['a', 'b'], at: '2026-01-01T00:00:00Z' };
  const variables = { context: fromJson(context), now: fromDate(new Date('2026-01-02T03:04:05.678Z')) };
  for (const [source, expected] of [
    ['context', context],
    ['context.whole + 1', 3],
    ['context.whole + 0.5', 2.5],
    ['context.part * 2', 5],
    ['7 / context.whole', 3],
    ['context.whole == 2.0', true],
    ['context.names + ["c"]', ['a', 'b', 'c']],
    ['{"n": size(context.names), "none": null}', { n: 2, none: null }],
    ['context.names.map(n, n + "!")', ['a!', 'b!']],
    ['now', '2026-01-02T03:04:05.678Z'],
    ['timestamp(context.at) + duration("1h")', '2026-01-01T01:00:00.000Z'],
    ['now - timestamp(context.at)', 'PT97445.678S'],
    ['has(context.missing)', false],
  ] as const) {
    it(`${source} comes to JSON`, () => {
      assert.deepEqual(compileExpression(source)(variables), expected);
    });
  }

  for (const [source, reason] of [
    ['9007199254740993', /beyond 2\^53/u],
    ['1.0 / 0.0', /not finite/u],
    ['b"x"', /bytes/u],
    ['{1: 2}', /keys are not texts/u],
    ['{"__proto__": 1}', /__proto__/u],
    ['{"$ref": "a", "$id": 1}', /\$ref/u],
    ['[{"_bsontype": "Long"}]', /_bsontype/u],
    ['context.missing', /failed/u],
    ['constructor', /failed/u],
  ] as const) {
    it(`${source} has no JSON`, () => {
      assert.throws(() => compileExpression(source)(variables), reason);
    });
  }

  it('says which variables it names, and refuses those there are not', () => {
    assert.deepEqual([...compileExpression('context.names.exists(n, n == event.by)').reads], ['context', 'event']);
    const options = { variables: ['context'] };
    assert.throws(() => compileExpression('event.by', options), /names event, which is unknown/u);
    assert.throws(() => compileExpression('shout(context)', options), /calls shout, which is unknown/u);
    assert.equal(compileExpression('[1, 2].map(n, n * 2).size()', options)({}), 2);
  });
});

describe('a hostile expression', () => {
  const long = fromJson(Array.from({ length: 1_000 }, (_, index) => index));
  const text = 'a'.repeat(60_000);
  const doubled = (times: number): string => `[context]${'.map(v, [v, v])'.repeat(times)}`;
  for (const [name, source, context, reason] of [
    ['macros in macros', 'context.all(a, context.all(b, context.all(c, true)))', long, /macros/u],
    ['a square of a long list', 'context.all(a, context.all(b, a + b >= 0))', long, /more than 200000 steps/u],
    ['a swallowed square', 'context.all(a, context.all(b, a + b >= 0)) || true', long, /steps/u],
    ['a list that grows', 'context + context', long, /more than 1000 elements/u],
    ['a long range', 'context.all(x, true)', fromJson(Array.from({ length: 5_000 }, () => 0)), /1000 elements/u],
    [
      'a long range, swallowed',
      'context.all(x, true) || true',
      fromJson(Array.from({ length: 5_000 }, () => 0)),
      /1000 elements/u,
    ],
    ['a text that doubles', `[context]${'.map(v, v + v)'.repeat(10)}`, text, /65536 characters/u],
    ['a text that doubles, swallowed', `size(context + context) > 0 || true`, text, /65536 characters/u],
    ['a value that doubles', doubled(13), 1n, /values|steps|parts/u],
    ['values that double, compared', `${doubled(8)} == ${doubled(8)}`, long, /steps|parts/u],
    ['an expression that is a bomb', '(a+)+$'.repeat(200), null, /longer than/u],
    ['brackets', `${'('.repeat(500)}1${')'.repeat(500)}`, null, /brackets/u],
    ['many parts', Array.from({ length: 150 }, () => '1').join('+'), null, /more than 200 parts/u],
    ['a pattern of large classes', String.raw`context.matches('(\\pL{99}|\\pN{99}){9}')`, text, /steps/u],
    ['a pattern with large counts', 'context.matches("((a{90}){90}){90}")', text, /steps|failed/u],
    ['a long pattern', `context.matches('${'a?'.repeat(200)}')`, text, /256 characters/u],
    ['a worst case of contains', 'context.contains("b" + context)', text, /steps/u],
  ] as const) {
    it(`${name} is stopped`, () => {
      assert.throws(() => compileExpression(source)({ context }), reason);
    });
  }

  it('matches what would hang a backtracking engine for ever', () => {
    assert.equal(compileRule('context.matches("^(a+)+$")')({ context: `${text}b` }), false);
  });
});

describe('an account', () => {
  // A hundred times a hundred turns: about a quarter of what it may alone.
  const many = { list: fromJson(Array.from({ length: 100 }, (_, index) => index)) };
  const walk = compileRule('list.all(a, list.all(b, a + b >= 0))');

  it('is what all evaluations in it may take together', () => {
    let done = 0;
    assert.throws(
      () =>
        onAccount(400_000, () => {
          for (;;) {
            walk(many);
            done += 1;
          }
        }),
      /all that is evaluated with it/u,
    );
    assert.ok(done >= 2 && done < 40, String(done));
    assert.equal(walk(many), true, 'and it is over with its body');
  });

  it('is paid by the one it is in', () => {
    onAccount(1_000_000, () => {
      assert.throws(() => onAccount(10, () => walk(many)), RuleError);
      assert.equal(walk(many), true);
    });
    assert.throws(() => onAccount(10, () => onAccount(1_000_000, () => walk(many))), RuleError);
  });
});
