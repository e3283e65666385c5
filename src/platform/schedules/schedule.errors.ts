// What schedules say no with.
import { defineProblem, problems } from '../errors.ts';

/** Nobody made it, or somebody removed it. */
export const scheduleUnknown = defineProblem('schedule.unknown', 404, 'There is no such schedule');

/** Only commands that say so may be put on a schedule. */
export const kindNotSchedulable = defineProblem(
  'schedule.kind-not-schedulable',
  422,
  'This kind of command cannot be put on a schedule',
);

/** If-Match named another revision. */
export const revDiffers = problems.preconditionFailed;
