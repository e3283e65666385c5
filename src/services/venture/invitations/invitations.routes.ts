// The paths of invitations.
import { ventureLimits } from '#config/ventures.ts';
import { defineRoute, type Route } from '#src/platform/http/route.ts';
import { ventureProblems } from '../venture.errors.ts';
import { hasRole } from '../venture.policy.ts';
import { powersOf, readableVenture } from '../venture.routes.ts';
import { ventureParams } from '../venture.schema.ts';
import { answerInvitation, invitePerson } from './invitations.commands.ts';
import { invitationProblems } from './invitations.errors.ts';
import { countPending, findInvitations } from './invitations.queries.ts';
import { invitationPage, invitationParams, invitationView, invite, listInvitations } from './invitations.schema.ts';

const answers = {
  accept: 'Accept an invitation: you are in the team then, or its owner',
  decline: 'Decline an invitation',
  withdraw: 'Take an invitation back',
} as const;

/** The routes of invitations. */
export const invitationRoutes: readonly Route[] = [
  defineRoute({
    method: 'post',
    path: '/api/ventures/:id/invitations',
    summary: 'Invite somebody into the team, or offer them the ownership',
    auth: 'user',
    scope: 'member',
    limit: 'invite',
    params: ventureParams,
    body: invite,
    status: 201,
    output: invitationView,
    commands: [invitePerson],
    problems: [ventureProblems.notFound, invitationProblems.tooMany],
    handle: async ({ params, body, caller, submit }) => {
      await readableVenture(params.id, caller);
      // Counted before, so that invitations do not wait for one another: two at once may be one more.
      if ((await countPending(params.id, ventureLimits.pendingInvitations)) >= ventureLimits.pendingInvitations) {
        throw invitationProblems.tooMany();
      }
      return await submit(invitePerson, { ...params, ...powersOf(caller), ...body, note: body.note ?? '' }, 201);
    },
  }),
  defineRoute({
    method: 'get',
    path: '/api/ventures/:id/invitations',
    summary: 'The invitations of a venture, for its owner and admins',
    auth: 'user',
    scope: 'member',
    params: ventureParams,
    query: listInvitations,
    output: invitationPage,
    problems: [ventureProblems.notFound, ventureProblems.roleTooLow],
    handle: async ({ params, query, caller }) => {
      const venture = await readableVenture(params.id, caller);
      if (!hasRole(venture, { userId: caller.userId, ...powersOf(caller) }, 'admin')) {
        throw ventureProblems.roleTooLow('This needs the role admin');
      }
      return { status: 200, body: await findInvitations({ ventureId: venture._id }, query) };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/api/ventures/invitations',
    summary: 'The invitations you got',
    auth: 'user',
    scope: 'self',
    query: listInvitations,
    output: invitationPage,
    handle: async ({ query, caller }) => ({
      status: 200,
      body: await findInvitations({ userId: caller.userId }, query),
    }),
  }),
  ...(['accept', 'decline', 'withdraw'] as const).map((answer) =>
    defineRoute({
      method: 'post',
      path: `/api/ventures/:id/invitations/:userId/${answer}`,
      summary: answers[answer],
      auth: 'user',
      scope: 'owner',
      params: invitationParams,
      output: invitationView,
      commands: [answerInvitation],
      handle: async ({ params, caller, submit }) =>
        await submit(answerInvitation, { ...params, ...powersOf(caller), answer }),
    }),
  ),
];
