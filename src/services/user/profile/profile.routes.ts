// The paths by which people say who they are, and who may know.
import { z } from 'zod';
import { problems } from '#src/platform/errors.ts';
import { givesTag, ifMatch, requireIfMatch, withTag } from '#src/platform/http/etag.ts';
import { defineRoute, type Caller, type Route, type RouteAnswer } from '#src/platform/http/route.ts';
import { seenUser } from '../showing/showing.queries.ts';
import { userProblems } from '../user.errors.ts';
import { canUpdate } from '../user.policy.ts';
import { updateUser, userParams, userView } from '../user.schema.ts';
import { updateUserCommand } from './profile.commands.ts';
import { privacyOf } from './profile.policy.ts';
import { privacyChange, privacyShape } from './profile.schema.ts';

const updated = z.object({ user: userView, privacy: privacyShape, rev: z.int() });
const needsMatch = [problems.preconditionFailed, problems.preconditionRequired, userProblems.notFound];

/** The user whose profile the caller may change; anybody else's is not there. @throws user.not-found */
async function changeable(caller: Caller, id: string) {
  const { user } = await seenUser(caller, id);
  if (!canUpdate(caller, id)) {
    throw userProblems.notFound(`There is no user ${id} whom you may change`);
  }
  return user;
}

function answerWith(answer: RouteAnswer, id: string, member: 'user' | 'privacy'): RouteAnswer {
  const result = updated.parse(answer.body);
  return withTag({ ...answer, body: result[member] }, { id, rev: result.rev });
}

/** The routes of profiles. */
export const profileRoutes: readonly Route[] = [
  defineRoute({
    method: 'put',
    path: '/api/users/:id',
    summary: 'Change a profile: what is named is set, null takes it away',
    auth: 'user',
    scope: 'owner',
    params: userParams,
    body: updateUser,
    output: userView,
    takesHeaders: ifMatch,
    givesHeaders: givesTag,
    commands: [updateUserCommand],
    problems: needsMatch,
    handle: async ({ params: { id }, body, caller, header, submit }) => {
      const user = await changeable(caller, id);
      const expectRev = requireIfMatch(header('if-match'), { id, rev: user.rev });
      return answerWith(await submit(updateUserCommand, { userId: id, expectRev, change: body }), id, 'user');
    },
  }),
  defineRoute({
    method: 'get',
    path: '/api/users/:id/privacy',
    summary: 'For whom each part of a profile is',
    auth: 'user',
    scope: 'owner',
    params: userParams,
    output: privacyShape,
    givesHeaders: givesTag,
    problems: [userProblems.notFound],
    handle: async ({ params: { id }, caller }) => {
      const user = await changeable(caller, id);
      return withTag({ status: 200, body: privacyOf(user) }, { id, rev: user.rev });
    },
  }),
  defineRoute({
    method: 'put',
    path: '/api/users/:id/privacy',
    summary: 'Say for whom each part of a profile is; what is not named stays',
    auth: 'user',
    scope: 'owner',
    params: userParams,
    body: privacyChange,
    output: privacyShape,
    takesHeaders: ifMatch,
    givesHeaders: givesTag,
    commands: [updateUserCommand],
    problems: needsMatch,
    handle: async ({ params: { id }, body: privacy, caller, header, submit }) => {
      const user = await changeable(caller, id);
      const expectRev = requireIfMatch(header('if-match'), { id, rev: user.rev });
      return answerWith(await submit(updateUserCommand, { userId: id, expectRev, change: { privacy } }), id, 'privacy');
    },
  }),
];
