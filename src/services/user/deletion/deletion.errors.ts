// What deletions say no with.
import { defineProblem } from '#src/platform/errors.ts';

/** Problems of deletions. */
export const deletionProblems = {
  held: defineProblem('user.still-needed', 409, 'Others depend on this account: see to that first'),
  notDeleting: defineProblem('user.not-deleting', 409, 'The account is not about to be deleted'),
  tooLate: defineProblem('user.deletion-begun', 409, 'The deletion has begun and cannot be taken back'),
} as const;
