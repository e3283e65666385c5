// What exports say no with.
import { defineProblem } from '#src/platform/errors.ts';

/** Problems of exports. */
export const exportProblems = {
  notFound: defineProblem('user.export-not-found', 404, 'There is no such export'),
  notReady: defineProblem('user.export-not-ready', 409, 'The export is not there to be fetched'),
  running: defineProblem('user.export-running', 409, 'An export of this account is being made already'),
} as const;
