// What holds for every definition: lint comes to an end whatever it is given, and what it lets through can be compiled
// and run.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import {
  compileDefinition,
  diffDefinitions,
  lintDefinition,
  lintMachine,
  parseDefinition,
  simulate,
} from '#src/platform/machines/data/data.ts';
import { blocksOf, effects } from './signing.ts';
import { toEnd } from '../../../../support/pieces.ts';

const types = ['GO', 'STOP', 'TURN'] as const;
/** Mostly what is right, now and then what is not. */
const mostly = <T>(right: fc.Arbitrary<T>, ...wrong: readonly unknown[]): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 40, arbitrary: right }, { weight: 1, arbitrary: fc.constantFrom(...wrong) });
const guard = mostly(
  fc.constantFrom('true', 'context.n < 2', 'size(tags) > 0', 'has(event.n)'),
  'actor ==',
  'user == 1',
  7,
);
const action = mostly(
  fc.constantFrom<unknown>(
    'log',
    { type: 'set', params: { n: { $cel: 'context.n + 1' } } },
    { type: 'raise', params: { event: { type: 'TURN' }, delay: 'P1D' } },
    { type: 'raise', params: { event: { type: 'STOP' } } },
  ),
  'shine',
  { type: 'raise', params: {} },
);
const actions = fc.array(action, { maxLength: 2 });
const move = (to: readonly string[]): fc.Arbitrary<unknown> => {
  const target = mostly(fc.constantFrom(...to), 'nowhere', '.', '#', 'c.c');
  const guarded = fc.record({ target, guard, actions });
  return fc.oneof(
    target,
    fc.record({ target, actions }, { requiredKeys: [] }),
    fc.tuple(guarded, target),
    fc.array(guarded, { minLength: 1, maxLength: 2 }),
  );
};
const state = (to: readonly string[]): fc.Arbitrary<object> =>
  fc.record(
    {
      on: fc.dictionary(
        mostly(fc.constantFrom(...types, '*', 'TURN.*'), 'xstate.x', '-') as fc.Arbitrary<string>,
        move(to),
        { minKeys: 1, maxKeys: 3 },
      ),
      after: fc.dictionary(mostly(fc.constantFrom('5', 'PT1H'), 'P1M', '0') as fc.Arbitrary<string>, move(to), {
        maxKeys: 1,
      }),
      always: fc.record({ target: fc.constantFrom(...to), guard }),
      entry: actions,
      exit: actions,
      tags: fc.constantFrom<unknown>('x', ['x', 'y']),
      output: fc.constant({ n: { $cel: 'context.n' } }),
    },
    { requiredKeys: ['on'] },
  );
const outer = ['a', 'b', 'c'] as const;
const nested = fc
  .tuple(
    state(outer),
    state(['x', 'y', '#any.c']),
    state(['x', 'x.z', '#any.b']),
    fc.constantFrom('compound', 'parallel'),
  )
  .map(([own, x, y, kind]) => {
    const inner = { initial: 'z', states: { z: { type: 'final' }, h: { type: 'history' } } };
    const begins = kind === 'parallel' ? { type: 'parallel' } : { initial: 'y' };
    return { ...own, ...begins, states: { x: { ...x, ...inner }, y } };
  });

/** Definitions of the right form, most of which mean something. */
const shaped = fc.tuple(fc.oneof(state(outer), nested), state(outer)).map(([a, b]) => ({
  context: { n: 0 },
  events: Object.fromEntries(types.map((type) => [type, { from: ['owner'] }])),
  initial: 'a',
  states: { a, b, c: { type: 'final' } },
}));

const now = new Date('2026-01-01T00:00:00.000Z');
const options = { effects, type: 'any' };

describe('lint', () => {
  it('says something about any JSON, and never throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.jsonValue({ maxDepth: 6 }),
          fc.object({ withNullPrototype: true, withBigInt: true, withDate: true }),
        ),
        (value) => {
          const { errors } = lintDefinition(value, options);
          for (const { code, path, detail } of errors) {
            assert.ok(code !== '' && (path === '' || path.startsWith('/')) && detail !== '');
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('says of anything of the right form whether it can be compiled and run', () => {
    let fine = 0;
    fc.assert(
      fc.property(shaped, (source) => {
        const { errors } = lintDefinition(source, options);
        if (errors.length > 0) {
          return;
        }
        fine += 1;
        const parsed = parseDefinition(source);
        assert.deepEqual(parseDefinition(JSON.parse(JSON.stringify(parsed))), parsed);
        const definition = compileDefinition(parsed, { type: 'any', version: 1 });
        assert.deepEqual(lintMachine(definition).errors, []);
        assert.ok(diffDefinitions(parsed, parsed).compatible);
        const events = types.flatMap((type) => [{ event: { type } }, { afterMs: 3_600_000 }]);
        assert.ok(toEnd(simulate(definition, { now, actor: 'u1', events })).steps.length > 0);
      }),
      { numRuns: 400 },
    );
    assert.ok(fine > 50, `only ${fine} were fine`);
  });

  it('holds out against what is altered in a definition that is in order', () => {
    const text = JSON.stringify(blocksOf('machines.md')[0]);
    const junk = fc.constantFrom(
      '"',
      '{',
      '7',
      'null',
      '[]',
      '{}',
      '"$cel"',
      'xstate.',
      '..',
      '#',
      '"__proto__":1,',
      '1e99',
    );
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(12), junk, (at, cut, word) => {
        let source: unknown;
        try {
          source = JSON.parse(text.slice(0, at) + word + text.slice(at + cut));
        } catch {
          source = text.slice(at);
        }
        const { errors } = lintDefinition(source, { ...options, type: 'multi-party-signing' });
        if (errors.length === 0) {
          compileDefinition(parseDefinition(source), { type: 'multi-party-signing', version: 1 });
        }
      }),
      { numRuns: 400 },
    );
  });
});
