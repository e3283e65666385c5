// The one rule language: CEL (cel.dev), behind this module. Badge rules, guards, values of definitions and filters are all
// compiled here. Nothing that compiles can hold a process: the tree is bounded when it is compiled (cel-tree.ts), every
// evaluation by the steps it takes (cel-meter.ts).
import { isCelError, parse, plan, type CelInput, type CelResult, type celEnv } from '@bufbuild/cel';
import { toJsonValue } from './cel-json.ts';
import { metered, meteredEnvironment } from './cel-meter.ts';
import { prepareTree, tooDeep, type CelNames } from './cel-tree.ts';

export { fromDate, fromJson } from './cel-json.ts';
export { CelAccount, onAccount, stepsTaken } from './cel-meter.ts';

/** What an expression is given, by name. */
export type CelVariables = Readonly<Record<string, CelInput>>;

/** A compiled rule: true or false for a set of variables. */
export type Rule = ((variables: CelVariables) => boolean) & Reading;

/** A compiled expression: plain JSON for a set of variables. */
export type Expression = ((variables: CelVariables) => unknown) & Reading;

interface Reading {
  /** The variables it names: whoever feeds it may leave out the others. */
  readonly reads: ReadonlySet<string>;
  /** The members of those it cannot do without, as `variable.member`. */
  readonly selects: ReadonlySet<string>;
}

/** How an expression is compiled. */
export interface CelOptions {
  /** The variables there are. Given, an expression that names another, or a function there is not, is refused. */
  readonly variables?: readonly string[];
}

/** A rule that cannot be read, or that fails, or comes to something else than it should. */
export class RuleError extends Error {
  constructor(source: string, reason: string) {
    super(`The rule "${source}" ${reason}`);
    this.name = 'RuleError';
  }
}

/** Longest rule in characters. */
const maxLength = 1_024;
const environment = meteredEnvironment();

/** Names that stand for types; `google` begins those of protobuf. */
const typeNames = 'bool bytes double duration dyn google int list map null_type string timestamp type uint'.split(' ');
/** What the planner carries out without a function. */
const operators = ['_[_]', '_?_:_', '_&&_', '_||_', '@not_strictly_false', '__not_strictly_false__'];

/**
 * Compiles a rule once, for many evaluations. Whole numbers go in as `bigint`: see `fromJson`.
 * @throws RuleError when it cannot be parsed or is too large; the compiled rule throws it when it does not come to true
 * or false, or takes too many steps
 */
export function compileRule(source: string, options: CelOptions = {}): Rule {
  const { evaluate, ...reading } = compileCel(source, options);
  const rule = (variables: CelVariables): boolean => {
    const result = evaluate(variables);
    if (typeof result !== 'boolean') {
      throw new RuleError(source, 'does not come to true or false');
    }
    return result;
  };
  return Object.assign(rule, reading);
}

/**
 * Compiles an expression that comes to JSON: numbers, texts, lists, maps; times as `toJsonValue` says.
 * @throws RuleError as compileRule; the compiled expression throws it also where the result has no JSON
 */
export function compileExpression(source: string, options: CelOptions = {}): Expression {
  const { evaluate, ...reading } = compileCel(source, options);
  const expression = (variables: CelVariables): unknown => {
    const result = evaluate(variables);
    try {
      return toJsonValue(result);
    } catch (error) {
      throw new RuleError(source, reasonOf(error));
    }
  };
  return Object.assign(expression, reading);
}

/** An expression whose values stay those of CEL. */
export interface CompiledCel extends Reading {
  readonly evaluate: (variables: CelVariables) => Exclude<CelResult, Error>;
}

/**
 * What both kinds are made of. The conformance suite of the language runs through it.
 * @param surroundings types and a namespace beyond those of the language
 * @throws RuleError; `evaluate` throws it, too
 */
export function compileCel(
  source: string,
  options: CelOptions = {},
  surroundings?: Parameters<typeof celEnv>[0],
): CompiledCel {
  const around = surroundings ? meteredEnvironment(surroundings) : environment;
  const { names, run } = planned(source, around);
  if (options.variables) {
    refuseUnknown(source, names, options.variables);
  }
  const evaluate = (variables: CelVariables): Exclude<CelResult, Error> => {
    let result: CelResult;
    try {
      // Without a prototype: `constructor` is no variable.
      result = metered(() => run(Object.assign(Object.create(null) as Record<string, CelInput>, variables)));
    } catch (error) {
      throw new RuleError(source, reasonOf(error));
    }
    if (isCelError(result)) {
      throw new RuleError(source, `failed: ${result.message}`);
    }
    return result as Exclude<CelResult, Error>;
  };
  return { evaluate, reads: names.variables, selects: names.selects };
}

function planned(
  source: string,
  around: typeof environment,
): { names: CelNames; run: (variables: Record<string, CelInput>) => CelResult } {
  if (source.length > maxLength) {
    throw new RuleError(`${source.slice(0, 40)}…`, `is longer than ${maxLength} characters`);
  }
  const deep = tooDeep(source);
  if (deep !== null) {
    throw new RuleError(source, deep);
  }
  let names: CelNames | string;
  let run: (variables: Record<string, CelInput>) => CelResult;
  try {
    const tree = parse(source);
    names = tree.expr ? prepareTree(tree.expr) : 'is empty';
    run = plan(around, tree);
  } catch (error) {
    throw new RuleError(source, `cannot be read: ${reasonOf(error)}`);
  }
  if (typeof names === 'string') {
    throw new RuleError(source, names);
  }
  return { names, run };
}

function refuseUnknown(source: string, names: CelNames, variables: readonly string[]): void {
  for (const name of names.variables) {
    if (!variables.includes(name) && !typeNames.includes(name)) {
      throw new RuleError(source, `names ${name}, which is unknown: there are ${variables.join(', ')}`);
    }
  }
  for (const name of names.functions) {
    if (!operators.includes(name) && environment.funcs.find(name) === undefined) {
      throw new RuleError(source, `calls ${name}, which is unknown`);
    }
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
