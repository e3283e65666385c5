// What suspending says no with.
import { defineProblem } from '#src/platform/errors.ts';

/** Problems of suspending accounts. */
export const suspensionProblems = {
  notYourself: defineProblem('user.not-yourself', 409, 'Nobody suspends themselves or lets themselves back in'),
  onlyByAdmins: defineProblem('user.only-by-admins', 403, 'Only admins suspend admins'),
} as const;
