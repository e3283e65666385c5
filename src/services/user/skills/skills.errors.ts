// What skills and endorsements say no with.
import { defineProblem } from '#src/platform/errors.ts';

/** Problems of skills. */
export const skillProblems = {
  notFound: defineProblem('user.skill-not-found', 404, 'There is no such skill'),
  taken: defineProblem('user.skill-taken', 409, 'This skill is in the list already'),
  full: defineProblem('user.skills-full', 409, 'A list holds at most 50 skills'),
  ownSkill: defineProblem('user.endorsement-own', 403, 'Nobody endorses their own skills'),
  notConnected: defineProblem('user.endorsement-not-connected', 403, 'Only connections endorse a skill'),
  notEndorsed: defineProblem('user.endorsement-not-found', 404, 'There is no endorsement of yours here'),
} as const;
