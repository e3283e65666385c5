// The conformance suite of the language (google/cel-spec, as @bufbuild/cel-spec carries it) through our own module: with
// its limits, its counters and its arithmetic between int and double in place.
import assert from 'node:assert/strict';
import { celMap, celType, celUint, type CelInput, type CelValue } from '@bufbuild/cel';
import {
  getConformanceSuite,
  type IncrementalTest,
  type IncrementalTestSuite,
} from '@bufbuild/cel-spec/testdata/tests.js';
import { getTestRegistry } from '@bufbuild/cel-spec/testdata/registry.js';
import { compileCel, RuleError } from '#src/platform/rules/cel.ts';

const groups = [
  'basic',
  'comparisons',
  'conversions',
  'fp_math',
  'integer_math',
  'lists',
  'logic',
  'macros',
  'string',
  'timestamps',
];

type SpecValue = NonNullable<Extract<IncrementalTest['original']['resultMatcher'], { case: 'value' }>['value']>;

const registry = getTestRegistry();

type SpecEntry = Extract<SpecValue['kind'], { case: 'mapValue' }>['value']['entries'][number];

const entryOf = ({ key, value }: SpecEntry): [string, CelInput] => [
  inputOf(key ?? assert.fail()) as string,
  inputOf(value ?? assert.fail()),
];

// One case for each kind of value the specification has.
// oxlint-disable-next-line complexity
function inputOf({ kind }: SpecValue): CelInput {
  switch (kind.case) {
    case 'nullValue':
      return null;
    case 'uint64Value':
      return celUint(kind.value);
    case 'enumValue':
      return BigInt(kind.value.value);
    case 'listValue':
      return kind.value.values.map(inputOf);
    case 'mapValue':
      return celMap(new Map(kind.value.entries.map(entryOf)));
    case 'boolValue':
    case 'int64Value':
    case 'doubleValue':
    case 'stringValue':
    case 'bytesValue':
      return kind.value;
    case 'objectValue':
      return unpacked.evaluate({ value: kind.value });
    case 'typeValue':
      return compileCel(kind.value, {}, { registry }).evaluate({});
    case undefined:
      return assert.fail('a value without a kind');
  }
}

const same = compileCel('left == right', {}, { registry });
const unpacked = compileCel('[value].map(one, one)[0]', {}, { registry });

function run({ original }: IncrementalTest): void {
  const evaluate = (): unknown =>
    compileCel(original.expr, {}, { registry, namespace: original.container }).evaluate(
      Object.fromEntries(
        Object.entries(original.bindings).map(([name, { kind }]) => [
          name,
          kind.case === 'value' ? inputOf(kind.value) : assert.fail('a binding without a value'),
        ]),
      ),
    );
  const { resultMatcher: matcher } = original;
  if (matcher.case === 'evalError' || matcher.case === 'anyEvalErrors') {
    assert.throws(evaluate, RuleError);
    return;
  }
  const wanted =
    matcher.case === 'value' ? matcher.value : matcher.case === 'typedResult' ? matcher.value.result : undefined;
  const actual = evaluate() as CelValue;
  const expected = wanted ? inputOf(wanted) : true;
  if (Number.isNaN(expected)) {
    assert.ok(Number.isNaN(actual));
    return;
  }
  assert.equal(same.evaluate({ left: actual, right: expected }), true);
  assert.equal(celType(actual).name, celType(unpacked.evaluate({ value: expected })).name);
}

function testsOf(suite: IncrementalTestSuite): IncrementalTest[] {
  return [...suite.tests, ...suite.suites.flatMap(testsOf)];
}

describe('CEL conformance', () => {
  for (const suite of getConformanceSuite().suites.filter(({ name }) => groups.includes(name))) {
    const tests = testsOf(suite);

    it(`passes the ${tests.length} cases of ${suite.name}`, () => {
      const failures = tests.flatMap((test) => {
        try {
          run(test);
          return [];
        } catch (error) {
          return [`${test.name}: ${test.original.expr}: ${error instanceof Error ? error.message : String(error)}`];
        }
      });
      assert.deepEqual(failures, []);
    });
  }

  it('finds every group in the suite', () => {
    const names = getConformanceSuite().suites.map(({ name }) => name);
    assert.deepEqual(
      groups.filter((group) => !names.includes(group)),
      [],
    );
  });
});
