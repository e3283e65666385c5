// Lint of expressions: each is compiled with the variables there are at its place.
import { compileRule } from '../../rules/cel.ts';
import type { Json } from '../json.ts';
import { pointerTo, reasonOf, type Lint } from './findings.ts';
import type { Subject } from './subject.ts';
import { placedActions } from './lint-names.ts';
import type { ModelState } from './model.ts';
import { listOf, type DelayedSource, type DefinitionSource } from './source.ts';
import { birthVariables, holesOf, peopleVariables, stepVariables } from './values.ts';

interface Expression {
  readonly path: string;
  readonly source: string;
  readonly variables: readonly string[];
}

/** Expressions that cannot be read, are too large, or name what there is not; members of the context nobody makes. */
export function expressionFindings({ source, model: { states } }: Subject): Lint {
  const expressions = [...rootExpressions(source), ...states.flatMap(expressionsOf), ...actionExpressions(states)];
  const made = new Set([
    ...Object.keys(source.context ?? {}),
    ...placedActions(states).flatMap(({ action }) => (action.type === 'set' ? Object.keys(action.params ?? {}) : [])),
  ]);
  const looked = expressions.map((expression) => lookAt(expression, made));
  return { errors: looked.flatMap(({ errors }) => errors), warnings: looked.flatMap(({ warnings }) => warnings) };
}

function lookAt({ path, source, variables }: Expression, made: ReadonlySet<string>): Lint {
  try {
    const { selects } = compileRule(source, { variables });
    const missing = [...selects].filter(
      (name) => name.startsWith('context.') && !made.has(name.slice('context.'.length)),
    );
    const warnings = missing.map((name) => ({
      code: 'unknown-context',
      path,
      detail: `${name} is read, and neither context nor a set makes it`,
    }));
    return { errors: [], warnings };
  } catch (error) {
    return { errors: [{ code: 'expression', path, detail: reasonOf(error) }], warnings: [] };
  }
}

function inTemplate(value: unknown, path: string, variables: readonly string[]): Expression[] {
  return value === undefined
    ? []
    : holesOf(value as Json, path).map(({ pointer, source }) => ({ path: pointer, source, variables }));
}

function rootExpressions({ context, owner, members }: DefinitionSource): Expression[] {
  return [
    ...inTemplate(context, '/context', birthVariables),
    ...inTemplate(owner, '/owner', peopleVariables),
    ...inTemplate(members, '/members', peopleVariables),
  ];
}

function expressionsOf({ written, pointer, moves, invokes }: ModelState): Expression[] {
  const delays = Array.isArray(written.after) ? listOf(written.after as readonly DelayedSource[]) : [];
  return [
    ...inTemplate(written.output, pointerTo(pointer, 'output'), stepVariables),
    ...delays.flatMap(({ delay }, index) =>
      inTemplate(delay, pointerTo(pointer, 'after', index, 'delay'), stepVariables),
    ),
    ...invokes.flatMap(({ written: { input }, pointer: at }) =>
      inTemplate(input, pointerTo(at, 'input'), stepVariables),
    ),
    ...moves
      .flat()
      .flatMap(({ written: { guard }, pointer: at }) =>
        guard === undefined ? [] : [{ path: pointerTo(at, 'guard'), source: guard, variables: stepVariables }],
      ),
  ];
}

function actionExpressions(states: readonly ModelState[]): Expression[] {
  return placedActions(states).flatMap(({ pointer, action: { params } }) =>
    inTemplate(params, pointerTo(pointer, 'params'), stepVariables),
  );
}
