// What API keys say no with.
import { defineProblem } from '#src/platform/errors.ts';

/** Problems of API keys. */
export const apiKeyProblems = {
  notFound: defineProblem('auth.api-key-not-found', 404, 'You have no such API key'),
  beyond: defineProblem('auth.scope-beyond', 403, 'An API key can be given no more than you may do yourself'),
  tooMany: defineProblem('auth.too-many-api-keys', 409, 'No more API keys fit; revoke one first'),
} as const;
