// The paths of the user service.
import { hashPassword, verifyPassword } from '#src/platform/auth/passwords.ts';
import { permissionsOf, unknownRoles } from '#src/platform/auth/rights.ts';
import { problems } from '#src/platform/errors.ts';
import { defineRoute, type Caller, type Route } from '#src/platform/http/route.ts';
import { createAccount, setFirstPassword } from './user.commands.ts';
import { userProblems } from './user.errors.ts';
import { roleProblems } from './roles/roles.errors.ts';
import { canGiveRole } from './roles/roles.policy.ts';
import { presentUser } from './user.presenter.ts';
import { findUser, findUsers } from './user.queries.ts';
import { createUser, listUsers, userPage, userParams, userView, type UserView } from './user.schema.ts';

async function checkRoles(roles: readonly string[], caller: Caller): Promise<void> {
  const unknown = await unknownRoles(roles);
  if (unknown.length > 0) {
    throw problems.invalid(undefined, {
      errors: unknown.map((role) => ({
        pointer: `/body/roles/${roles.indexOf(role)}`,
        code: 'role',
        detail: `There is no role ${role}`,
      })),
    });
  }
  for (const role of roles) {
    if (!canGiveRole(caller, role, await permissionsOf([role]))) {
      throw roleProblems.aboveYours(`You cannot give the role ${role}`);
    }
  }
}

/** The routes of the user service. */
export const userRoutes: readonly Route[] = [
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
    problems: [roleProblems.aboveYours],
    handle: async (request) => {
      const { email, name, password, roles = ['user'] } = request.body;
      await checkRoles(roles, request.caller);
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
    summary: 'Find people by name',
    auth: 'user',
    scope: 'visible',
    query: listUsers,
    output: userPage,
    handle: async ({ query, caller }) => ({ status: 200, body: await findUsers(query, caller) }),
  }),
  defineRoute({
    method: 'get',
    path: '/api/users/:id',
    summary: 'One person',
    auth: 'user',
    scope: 'visible',
    params: userParams,
    output: userView,
    problems: [userProblems.notFound],
    handle: async ({ params, caller }) => {
      const user = await findUser(params.id);
      if (!user) {
        throw userProblems.notFound(`There is no user ${params.id}`);
      }
      return { status: 200, body: presentUser(user, caller) };
    },
  }),
];
