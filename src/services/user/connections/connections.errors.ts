// What connections say no with.
import { defineProblem } from '#src/platform/errors.ts';

/** Problems of connections and blocks. */
export const connectionProblems = {
  notFound: defineProblem('user.connection-not-found', 404, 'There is no such connection'),
  notNow: defineProblem('user.connection-not-now', 409, 'The connection does not allow this as it stands'),
  yourself: defineProblem('user.not-with-yourself', 422, 'This takes somebody else'),
} as const;
