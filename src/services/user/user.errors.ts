// What the user service says no with.
import { defineProblem } from '#src/platform/errors.ts';

/** Problems of accounts. */
export const userProblems = {
  emailTaken: defineProblem('auth.email-taken', 409, 'An account with this e-mail address exists'),
  notFound: defineProblem('user.not-found', 404, 'There is no such user'),
} as const;
