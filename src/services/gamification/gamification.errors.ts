// What the gamification service says no with.
import { defineProblem } from '#src/platform/errors.ts';

/** XP for somebody who is not registered. */
export const userUnknown = defineProblem('gamification.user-unknown', 404, 'There is no such user');

/** A negative grant without the permission for corrections. */
export const correctionForbidden = defineProblem(
  'gamification.correction-forbidden',
  403,
  'A negative grant is a correction and needs the permission xp.correct',
);
