// What forks say no with.
import { defineProblem } from '#src/platform/errors.ts';

/** The steps of the machine do not come again to what is stored, or are too many; `seq` says where it ended. */
export const notReplayable = defineProblem(
  'state-machine.not-replayable',
  409,
  'The history of the machine cannot be played again up to this step',
);
