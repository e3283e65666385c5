// What the venture service says no with.
import { defineProblem } from '#src/platform/errors.ts';

/** Problems of ventures and their teams. */
export const ventureProblems = {
  notFound: defineProblem('venture.not-found', 404, 'There is no such venture'),
  roleTooLow: defineProblem('venture.role-too-low', 403, 'Your role in this venture does not allow this'),
  archived: defineProblem('venture.archived', 409, 'The venture is archived; restore it first'),
  notInTeam: defineProblem('venture.not-in-team', 404, 'This person is not in the team'),
  ownerStays: defineProblem('venture.owner-stays', 409, 'The owner cannot leave or lose the role: hand it over first'),
  teamFull: defineProblem('venture.team-full', 409, 'The team has as many people as a team may have'),
  tooMany: defineProblem('venture.too-many', 409, 'You own as many ventures as one person may own'),
} as const;
