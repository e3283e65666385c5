// The paths of roles, and of who has which.
import { may } from '#src/platform/auth/abilities.ts';
import { permissions, type Permission } from '#src/platform/auth/permissions.ts';
import { rightsWereChanged } from '#src/platform/auth/rights.ts';
import { problems } from '#src/platform/errors.ts';
import { expectedNumber, tagged } from '#src/platform/http/etag.ts';
import { defineRoute, type Caller, type Route } from '#src/platform/http/route.ts';
import { userProblems } from '../user.errors.ts';
import { userParams } from '../user.schema.ts';
import { changeRole, createRole, removeRole, setRoles } from './roles.commands.ts';
import { roleProblems } from './roles.errors.ts';
import { rolesHeld } from './roles.policy.ts';
import { presentRole } from './roles.presenter.ts';
import { findRole, findRoles, isGiven, findUserRoles, seeAdmins } from './roles.queries.ts';
import {
  listRoles,
  newRole,
  roleBody,
  rolePage,
  roleParams,
  roleView,
  userRolesBody,
  userRolesView,
} from './roles.schema.ts';

const read = { permission: 'role.read' } as const;
const write = { permission: 'role.write' } as const;
const takesRev = { 'If-Match': 'The revision it must still have, as ETag gave it' };
const givesRev = { ETag: 'Its revision' };

/** All that a caller may: what they can give and take. */
function allOf(caller: Caller): Permission[] {
  return (Object.keys(permissions) as Permission[]).filter((permission) => caller.can(permission));
}

function expected(header: string | undefined): { readonly expectRev?: number } {
  const expectRev = expectedNumber(header, problems.preconditionFailed);
  return expectRev === undefined ? {} : { expectRev };
}

const roles: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/api/roles',
    summary: 'Roles by name, and what each may',
    auth: read,
    scope: 'role',
    query: listRoles,
    output: rolePage,
    handle: async ({ query }) => ({ status: 200, body: await findRoles(query) }),
  }),
  defineRoute({
    method: 'get',
    path: '/api/roles/:name',
    summary: 'One role, and what it may',
    auth: read,
    scope: 'role',
    params: roleParams,
    output: roleView,
    givesHeaders: givesRev,
    problems: [roleProblems.notFound],
    handle: async ({ params: { name } }) => {
      const role = await findRole(name);
      if (!role) {
        throw roleProblems.notFound(`There is no role ${name}`);
      }
      return tagged({ status: 200, body: presentRole(role) }, 'rev');
    },
  }),
  defineRoute({
    method: 'post',
    path: '/api/roles',
    summary: 'Make a role',
    auth: write,
    scope: 'role',
    body: newRole,
    status: 201,
    output: roleView,
    givesHeaders: { ...givesRev, Location: 'The role' },
    commands: [createRole],
    handle: async ({ body, caller, submit }) => {
      const answer = await submit(createRole, { ...body, may: allOf(caller) });
      rightsWereChanged(null);
      return tagged({ ...answer, headers: { ...answer.headers, Location: `/api/roles/${body.name}` } }, 'rev');
    },
  }),
  defineRoute({
    method: 'put',
    path: '/api/roles/:name',
    summary: 'Say what a role may; it counts at once for all who have it',
    auth: write,
    scope: 'role',
    params: roleParams,
    body: roleBody,
    output: roleView,
    takesHeaders: takesRev,
    givesHeaders: givesRev,
    commands: [changeRole],
    handle: async ({ params, body, caller, header, submit }) => {
      const input = { ...params, ...body, may: allOf(caller), ...expected(header('if-match')) };
      const answer = await submit(changeRole, input);
      rightsWereChanged(null);
      return tagged(answer, 'rev');
    },
  }),
  defineRoute({
    method: 'delete',
    path: '/api/roles/:name',
    summary: 'Remove a role that nobody has',
    auth: write,
    scope: 'role',
    params: roleParams,
    status: 204,
    takesHeaders: takesRev,
    commands: [removeRole],
    problems: [roleProblems.inUse],
    handle: async ({ params: { name }, caller, header, submit }) => {
      const role = await findRole(name);
      if (role && (await isGiven(name))) {
        throw roleProblems.inUse(`Somebody has the role ${name}: give them another first`);
      }
      const input = { name, may: allOf(caller), seenRev: role?.rev ?? 0, ...expected(header('if-match')) };
      const { headers } = await submit(removeRole, input);
      rightsWereChanged(null);
      return { status: 204, ...(headers ? { headers } : {}) };
    },
  }),
];

const ofUsers: readonly Route[] = [
  defineRoute({
    method: 'get',
    path: '/api/users/:id/roles',
    summary: 'The roles of a user and all they may: one’s own, or anybody’s with role.read',
    auth: 'user',
    scope: 'owner',
    params: userParams,
    output: userRolesView,
    givesHeaders: givesRev,
    problems: [userProblems.notFound],
    handle: async ({ params: { id }, caller }) => {
      if (!may(caller, 'read', rolesHeld, { _id: id })) {
        throw userProblems.notFound(`There is no user ${id}`);
      }
      return tagged({ status: 200, body: await findUserRoles(id) }, 'rev');
    },
  }),
  defineRoute({
    method: 'put',
    path: '/api/users/:id/roles',
    summary: 'Say which roles a user has; it counts at once',
    auth: write,
    scope: 'role',
    params: userParams,
    body: userRolesBody,
    output: userRolesView,
    takesHeaders: takesRev,
    givesHeaders: givesRev,
    commands: [setRoles],
    handle: async ({ params: { id }, body, caller, header, submit }) => {
      const input = {
        ...body,
        userId: id,
        may: allOf(caller),
        asAdmin: caller.roles.includes('admin'),
        admins: await seeAdmins(id),
        ...expected(header('if-match')),
      };
      const answer = await submit(setRoles, input);
      rightsWereChanged(id);
      return tagged({ ...answer, body: await findUserRoles(id) }, 'rev');
    },
  }),
];

/** The routes of this area. */
export const roleRoutes: readonly Route[] = [...roles, ...ofUsers];
