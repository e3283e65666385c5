// What the gamification service says no with.
import { defineProblem } from '#src/platform/errors.ts';

/** XP for somebody who is not registered. */
export const userUnknown = defineProblem('gamification.user-unknown', 404, 'There is no such user');

/** An imported line names a source and an id under which something else was granted. */
export const sourceDiffers = defineProblem(
  'gamification.source-differs',
  409,
  'Another grant was imported under this source and id',
);

/** A negative grant without the permission for corrections. */
export const correctionForbidden = defineProblem(
  'gamification.correction-forbidden',
  403,
  'A negative grant is a correction and needs the permission xp.correct',
);
