// What invitations say no with.
import { defineProblem } from '#src/platform/errors.ts';

/** Problems of invitations. */
export const invitationProblems = {
  notFound: defineProblem('venture.invitation-not-found', 404, 'There is no such invitation'),
  notPending: defineProblem('venture.invitation-over', 409, 'The invitation was answered, taken back, or has expired'),
  alreadyInvited: defineProblem('venture.already-invited', 409, 'This person is invited already'),
  alreadyInTeam: defineProblem('venture.already-in-team', 409, 'This person is in the team already'),
  mustBeInTeam: defineProblem('venture.must-be-in-team', 409, 'Only somebody of the team can become its owner'),
  stillOwns: defineProblem('venture.ownership-moved', 409, 'Whoever offered the ownership does not have it any more'),
  tooMany: defineProblem(
    'venture.too-many-invitations',
    409,
    'Too many invitations of this venture wait for an answer',
  ),
  personUnknown: defineProblem('venture.person-unknown', 422, 'There is no such person'),
} as const;
