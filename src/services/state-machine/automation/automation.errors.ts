// What automation says no with.
import { defineProblem } from '#src/platform/errors.ts';

/** Problems of rules. */
export const ruleProblems = {
  notFound: defineProblem('state-machine.rule-not-found', 404, 'There is no such rule'),
  exists: defineProblem('state-machine.rule-exists', 409, 'There is a rule of this name'),
  tooMany: defineProblem('state-machine.too-many-rules', 409, 'No more rules fit; remove one first'),
} as const;
