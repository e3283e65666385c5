// What portfolios say no with.
import { defineProblem } from '#src/platform/errors.ts';

/** Problems of portfolios. */
export const portfolioProblems = {
  notFound: defineProblem('user.portfolio-item-not-found', 404, 'There is no such item'),
  full: defineProblem('user.portfolio-full', 409, 'A portfolio holds at most 100 items and 256 kB of text'),
} as const;
