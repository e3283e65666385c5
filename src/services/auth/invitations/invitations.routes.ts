// The paths of invitations to register.
import { config } from '#config/env.ts';
import { pageQuery } from '#src/platform/http/cursor.ts';
import { defineRoute, type Route } from '#src/platform/http/route.ts';
import { refuseRoles, roleProblems } from '#src/services/user/index.ts';
import { registrationRefusal } from '../auth.policy.ts';
import { authProblems } from '../auth.errors.ts';
import { makeInvitation, revokeInvitation } from './invitations.commands.ts';
import { findInvitations } from './invitations.queries.ts';
import { invitationPage, invitationParams, invitationView, invite } from './invitations.schema.ts';

const auth = { permission: 'user.invite' } as const;

/** The routes of invitations. */
export const invitationRoutes: readonly Route[] = [
  defineRoute({
    method: 'post',
    path: '/api/auth/invitations',
    summary: 'Invite an e-mail address to register, with roles that may no more than yours',
    auth,
    scope: 'role',
    limit: 'invite',
    body: invite,
    status: 201,
    output: invitationView,
    commands: [makeInvitation],
    problems: [authProblems.registrationClosed, roleProblems.aboveYours],
    handle: async (request) => {
      const refusal = registrationRefusal(config.registration, true);
      if (refusal) {
        throw refusal;
      }
      const { email, roles = ['user'] } = request.body;
      await refuseRoles(roles, request.caller);
      return await request.submit(makeInvitation, { email, roles, invitedBy: request.caller.userId });
    },
  }),
  defineRoute({
    method: 'get',
    path: '/api/auth/invitations',
    summary: 'Invitations, the newest first',
    auth,
    scope: 'role',
    query: pageQuery,
    output: invitationPage,
    handle: async ({ query }) => ({ status: 200, body: await findInvitations(query) }),
  }),
  defineRoute({
    method: 'delete',
    path: '/api/auth/invitations/:id',
    summary: 'Take an open invitation back',
    auth,
    scope: 'role',
    params: invitationParams,
    status: 204,
    commands: [revokeInvitation],
    handle: async (request) => {
      await request.submit(revokeInvitation, request.params);
      return { status: 204 };
    },
  }),
];
