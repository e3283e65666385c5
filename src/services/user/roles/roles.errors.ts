// What is said no with where roles are made, changed, given and taken.
import { defineProblem } from '#src/platform/errors.ts';

/** Problems of roles. */
export const roleProblems = {
  notFound: defineProblem('user.role-not-found', 404, 'There is no such role'),
  exists: defineProblem('user.role-exists', 409, 'A role of this name exists'),
  fixed: defineProblem('user.role-fixed', 409, 'This role stays as it is'),
  inUse: defineProblem('user.role-in-use', 409, 'Somebody has this role'),
  lastAdmin: defineProblem('user.last-admin', 409, 'Somebody must stay admin'),
  aboveYours: defineProblem('user.role-above-yours', 403, 'Nobody can give or take more than they may themselves'),
} as const;
