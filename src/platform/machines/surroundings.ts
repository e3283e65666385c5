// What a chart may know of the moment it is run in. The kernel says it for the length of one step; compiled expressions ask.
import { onAccount } from '../rules/cel.ts';
import { MachineFault } from './fault.ts';

/** When a step is taken, and for whom: the id of a user, or `system`. */
export interface Surroundings {
  readonly now: Date;
  readonly actor: string;
}

/** What an expression of a chart sees besides context and event. `tags`: those before the step; none at a start. */
export interface Seen extends Surroundings {
  readonly tags: readonly string[];
}

let seen: Seen | null = null;

/**
 * The surroundings of the step that is under way, for guards and expressions: XState hands them context and event only.
 * Throws MachineFault outside a step.
 */
export function surroundings(): Seen {
  if (!seen) {
    throw new MachineFault('An expression of a chart was evaluated outside a step');
  }
  return seen;
}

/** What all expressions of one step may take together: with a hundred microsteps, one by one would be minutes. */
const stepsOfStep = 400_000;

/** Runs `body` with these surroundings. A step never waits for anything, so that two never mix. */
export function within<Result>(now: Seen, body: () => Result): Result {
  const outer = seen;
  seen = now;
  try {
    return onAccount(stepsOfStep, body);
  } finally {
    seen = outer;
  }
}
