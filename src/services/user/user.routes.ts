// The paths of the user service.
import { hashPassword, verifyPassword } from '#src/platform/auth/passwords.ts';
import { refuseWeakPassword, weakPassword } from '#src/platform/auth/weak-passwords.ts';
import { problems } from '#src/platform/errors.ts';
import { givesTag, withTag } from '#src/platform/http/etag.ts';
import { canonicalJson, sha256 } from '#src/platform/ids.ts';
import { defineRoute, type Route } from '#src/platform/http/route.ts';
import { createAccount, setFirstPassword } from './user.commands.ts';
import { userProblems } from './user.errors.ts';
import { roleProblems } from './roles/roles.errors.ts';
import { refuseRoles } from './roles/roles.queries.ts';
import { canUpdate } from './user.policy.ts';
import { profileRoutes } from './profile/profile.routes.ts';
import { findUsers } from './search/search.queries.ts';
import { seenUser } from './showing/showing.queries.ts';
import { settingsRoutes } from './settings/settings.routes.ts';
import { suspensionRoutes } from './suspension/suspension.routes.ts';
import { presentUser } from './user.presenter.ts';
import { createUser, listUsers, userPage, userParams, userView, type UserView } from './user.schema.ts';

/** The routes of accounts, profiles and settings. */
export const userRoutes: readonly Route[] = [
  ...profileRoutes,
  ...settingsRoutes,
  ...suspensionRoutes,
  defineRoute({
    method: 'post',
    path: '/api/users/create',
    summary: 'Make an account for somebody',
    auth: { permission: 'user.create' },
    scope: 'role',
    body: createUser,
    status: 201,
    output: userView,
    givesHeaders: { Location: 'Where the account is' },
    commands: [createAccount, setFirstPassword],
    problems: [roleProblems.aboveYours, weakPassword],
    handle: async (request) => {
      const { email, name, password, roles = ['user'] } = request.body;
      await refuseRoles(roles, request.caller);
      if (password !== undefined) {
        await refuseWeakPassword(password, [email, name], '/body/password');
      }
      const passwordHash = password === undefined ? undefined : await hashPassword(password);
      const answer = await request.submit(createAccount, { email, name, roles });
      const { id } = answer.body as UserView;
      if (password !== undefined && passwordHash !== undefined) {
        // Not part of the recorded command, because work rows are no place for credentials. A repeat under the same
        // key completes what a crash left out; one with another password is another request.
        const { body } = await request.submit(setFirstPassword, { userId: id, passwordHash });
        const kept = body as { set: boolean; passwordHash: string };
        if (!kept.set && !(await verifyPassword(kept.passwordHash, password))) {
          throw problems.keyReused();
        }
      }
      return { ...answer, headers: { ...answer.headers, Location: `/api/users/${id}` } };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/api/users/',
    summary: 'Find people by name, skill and place',
    auth: 'user',
    scope: 'visible',
    limit: 'search',
    query: listUsers,
    output: userPage,
    handle: async ({ query, caller }) => ({ status: 200, body: await findUsers(query, caller) }),
  }),
  defineRoute({
    method: 'get',
    path: '/api/users/:id',
    summary: 'One person, each part only for whom they allow',
    auth: 'user',
    scope: 'visible',
    params: userParams,
    output: userView,
    givesHeaders: givesTag,
    problems: [userProblems.notFound],
    handle: async ({ params: { id }, caller }) => {
      const { user, relation } = await seenUser(caller, id);
      const body = presentUser(user, relation);
      if (canUpdate(caller, id)) {
        return withTag({ status: 200, body }, { id, rev: user.rev });
      }
      // The revision counts what others do not see: to them the tag names what they are shown.
      return { status: 200, body, headers: { ETag: `"${id}-${sha256(canonicalJson(body)).slice(0, 16)}"` } };
    },
  }),
];
