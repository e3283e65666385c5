// Shapes of roles, and of who has which.
import { z } from 'zod';
import { permissions, type Permission } from '#src/platform/auth/permissions.ts';
import { pageOf, pageQuery } from '#src/platform/http/cursor.ts';
import { roleName, userId } from '../user.schema.ts';

const permissionNames = Object.keys(permissions) as [Permission, ...Permission[]];
const permissionName = z.enum(permissionNames);
const permissionList = z.array(permissionName).max(permissionNames.length);
const rev = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

/** What the asker may: they cannot give or take anything else. */
const may = z.array(z.string()).max(permissionNames.length);

/** `…/roles/:name`. */
export const roleParams = z.strictObject({ name: roleName });

/** `GET /api/roles`. */
export const listRoles = pageQuery;

/** `PUT /api/roles/:name`: all that the role may from now on. */
export const roleBody = z.strictObject({ permissions: permissionList });

/** `POST /api/roles`. */
export const newRole = roleBody.extend({ name: roleName });

/** A role. `builtIn` ones cannot be removed; what `admin` may cannot be changed. */
export const roleView = z
  .strictObject({
    name: roleName,
    permissions: z.array(z.string()).max(1_000),
    builtIn: z.boolean(),
    rev,
  })
  .meta({ id: 'Role' });
export type RoleView = z.output<typeof roleView>;

/** A page of roles. */
export const rolePage = pageOf(roleView);

/** `PUT /api/users/:id/roles`: all the roles of a user from now on. */
export const userRolesBody = z.strictObject({ roles: z.array(roleName).min(1).max(16) });

/** The roles of a user, and all that they allow together. */
export const userRolesView = z
  .strictObject({
    userId,
    roles: z.array(z.string()).max(16),
    permissions: z.array(z.string()).max(1_000),
    rev,
  })
  .meta({ id: 'UserRoles' });
export type UserRolesView = z.output<typeof userRolesView>;

/** Inputs of the commands. */
export const createRoleInput = newRole.extend({ may });
export const changeRoleInput = newRole.extend({ may, expectRev: rev.optional() });
export const removeRoleInput = z.strictObject({ name: roleName, may, seenRev: rev, expectRev: rev.optional() });

/** What was seen of the admins before a command: whether there are others, and of when that is. */
export const adminsSeen = z.strictObject({ rev, others: z.boolean() });
export type AdminsSeen = z.output<typeof adminsSeen>;

export const setRolesInput = userRolesBody.extend({
  userId,
  may,
  /** True where the asker is admin: only they make and unmake admins. */
  asAdmin: z.boolean(),
  admins: adminsSeen,
  expectRev: rev.optional(),
});
