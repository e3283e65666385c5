// What migrations say no with.
import { defineProblem } from '#src/platform/errors.ts';

/** No such migration of this type. */
export const migrationUnknown = defineProblem('state-machine.migration-not-found', 404, 'There is no such migration');

/**
 * The version is a draft or retired, or the one they run on. As the refusal of one instance: it cannot stand there, goes on
 * as it was, and `reasons` says why.
 */
export const notATarget = defineProblem(
  'state-machine.not-a-target',
  409,
  'Machines cannot be moved to this version so',
);
