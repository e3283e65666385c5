// Values of a definition in which expressions stand: found, compiled once, evaluated with what a step knows.
import type { CelInput } from '@bufbuild/cel';
import { compileExpression, compileRule } from '../../rules/cel.ts';
import type { Json } from '../json.ts';
import { pointerTo } from './findings.ts';
import { celOf, type Template } from './source.ts';

/** What expressions of a step see. */
export const stepVariables: readonly string[] = Object.freeze(['context', 'event', 'now', 'actor', 'tags']);
/** What the first context is made of. */
export const birthVariables: readonly string[] = Object.freeze(['input', 'id', 'now', 'actor']);
/** What says whom an instance concerns. */
export const peopleVariables: readonly string[] = Object.freeze(['context', 'id']);
/** What the context of a migrated instance is made of. */
export const migrationVariables: readonly string[] = Object.freeze(['context', 'id', 'now', 'actor']);

/** Says the value of a variable; only those that are named are asked for. */
export type Variables = (name: string) => CelInput | undefined;

/** A value made ready: plain JSON for each step. Throws RuleError where an expression fails. */
export type Evaluator = (variables: Variables) => Json;

/** An expression inside a value, and where. */
export interface Hole {
  readonly path: readonly (string | number)[];
  readonly pointer: string;
  readonly source: string;
}

/** The expressions in a value, in order. */
export function holesOf(template: Template, pointer = '', path: readonly (string | number)[] = []): Hole[] {
  if (typeof template !== 'object' || template === null) {
    return [];
  }
  const source = celOf(template);
  if (source !== null) {
    return [{ path, pointer, source }];
  }
  const members: [string | number, Json][] = Array.isArray(template)
    ? (template as readonly Json[]).map((value, index) => [index, value])
    : Object.entries(template);
  return members.flatMap(([name, value]) => holesOf(value, pointerTo(pointer, name), [...path, name]));
}

/** Compiles a value. Throws RuleError where an expression cannot be read or names what is not in `variables`. */
export function compileTemplate(template: Template, variables: readonly string[]): Evaluator {
  if (typeof template !== 'object' || template === null || holesOf(template).length === 0) {
    return () => template;
  }
  const source = celOf(template);
  if (source !== null) {
    const expression = compileExpression(source, { variables });
    return (given) => expression(namedIn(expression.reads, given)) as Json;
  }
  if (Array.isArray(template)) {
    const items = (template as readonly Json[]).map((item) => compileTemplate(item, variables));
    return (given) => items.map((item) => item(given));
  }
  const members = Object.entries(template).map(([name, value]) => [name, compileTemplate(value, variables)] as const);
  return (given) => Object.fromEntries(members.map(([name, value]) => [name, value(given)]));
}

/** Compiles a guard. Throws RuleError as `compileTemplate`. */
export function compileGuard(source: string): (variables: Variables) => boolean {
  const rule = compileRule(source, { variables: stepVariables });
  return (given) => rule(namedIn(rule.reads, given));
}

function namedIn(reads: ReadonlySet<string>, given: Variables): Record<string, CelInput> {
  const values: Record<string, CelInput> = {};
  for (const name of reads) {
    // Names of types are read, too, and have no value here.
    const value = given(name);
    if (value !== undefined) {
      values[name] = value;
    }
  }
  return values;
}
