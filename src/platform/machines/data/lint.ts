// Everything that is wrong or odd about a definition as data, in one reading. Never throws and never runs it.
import type { Finding, Lint } from './findings.ts';
import { effectFindings } from './lint-effects.ts';
import { expressionFindings } from './lint-expressions.ts';
import { nameFindings } from './lint-names.ts';
import { transitionFindings } from './lint-transitions.ts';
import { modelOf } from './model.ts';
import { readDefinition } from './schema.ts';
import { shapeFindings } from './shape.ts';
import { shapeOfModel } from './shape-of.ts';
import type { LintOptions, Subject } from './subject.ts';

/**
 * What is wrong with a definition (errors) and what is odd about it (warnings), by place. Where the schema finds
 * something, only that is said.
 */
export function lintDefinition(given: unknown, options: LintOptions): Lint {
  const { findings, source } = readDefinition(given);
  if (!source) {
    return { errors: findings, warnings: [] };
  }
  const subject: Subject = { source, model: modelOf(source, options.type ?? null), options };
  const names = nameFindings(subject);
  // Where states are not found, what leads where cannot be said.
  const lost = names.errors.some(({ code }) => code === 'unknown-target' || code === 'missing-initial');
  const said = [
    names,
    transitionFindings(subject),
    expressionFindings(subject),
    effectFindings(subject),
    ...(lost ? [] : [shapeFindings(shapeOfModel(subject.model))]),
  ];
  return {
    errors: said.flatMap(({ errors }) => inOrder(errors)),
    warnings: said.flatMap(({ warnings }) => inOrder(warnings)),
  };
}

function inOrder(findings: readonly Finding[]): readonly Finding[] {
  return findings.toSorted((left, right) => (left.path < right.path ? -1 : left.path > right.path ? 1 : 0));
}
