// The one rule language: CEL (cel.dev), behind this module. Badge rules, guards and filters are all compiled here.
import { celEnv, isCelError, parse, plan, type CelInput } from '@bufbuild/cel';

/** A compiled rule: true or false for a set of variables. */
export type Rule = (variables: Readonly<Record<string, CelInput>>) => boolean;

/** A rule that cannot be read, or does not come to a boolean. */
export class RuleError extends Error {
  constructor(source: string, reason: string) {
    super(`The rule "${source}" ${reason}`);
    this.name = 'RuleError';
  }
}

/** Longest rule in characters. */
const maxLength = 1_024;
const environment = celEnv();

/**
 * Compiles a rule once, for many evaluations. Whole numbers go in as `bigint`.
 * @throws RuleError when it cannot be parsed; the compiled rule throws it when it does not come to true or false
 */
export function compileRule(source: string): Rule {
  if (source.length > maxLength) {
    throw new RuleError(`${source.slice(0, 40)}…`, `is longer than ${maxLength} characters`);
  }
  let evaluate: (variables: Record<string, CelInput>) => unknown;
  try {
    evaluate = plan(environment, parse(source));
  } catch (error) {
    throw new RuleError(source, `cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  return (variables) => {
    const result = evaluate(variables);
    if (typeof result === 'boolean') {
      return result;
    }
    const reason = isCelError(result) ? `failed: ${String(result.message)}` : 'does not come to true or false';
    throw new RuleError(source, reason);
  };
}
