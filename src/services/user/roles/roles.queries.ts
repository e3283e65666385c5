// Reads of roles, and of who has which.
import { limits } from '#config/limits.ts';
import { Roles, type RoleRow } from '#src/platform/auth/permissions.ts';
import { permissionsOf, unknownRoles } from '#src/platform/auth/rights.ts';
import type { Reader } from '#src/platform/commands/command.ts';
import { problems } from '#src/platform/errors.ts';
import type { Caller } from '#src/platform/http/route.ts';
import { decodeCursor, encodeCursor, toPage, type Page } from '#src/platform/http/cursor.ts';
import { z } from 'zod';
import { userProblems } from '../user.errors.ts';
import { Users } from '../user.model.ts';
import { roleProblems } from './roles.errors.ts';
import { canGiveRole } from './roles.policy.ts';
import { presentRole, presentUserRoles } from './roles.presenter.ts';
import type { AdminsSeen, listRoles, RoleView, UserRolesView } from './roles.schema.ts';

const bounded = { maxTimeMS: limits.mongoMs };

/** The role, or null. */
export async function findRole(name: string): Promise<RoleRow | null> {
  return await Roles.native().findOne({ _id: name, removedAt: null }, bounded);
}

/** Roles by name. */
export async function findRoles({ limit, cursor }: z.output<typeof listRoles>): Promise<Page<RoleView>> {
  const after = cursor === undefined ? '' : z.string().parse(decodeCursor('roles', cursor));
  const rows = await Roles.native()
    .find({ _id: { $gt: after }, removedAt: null }, { ...bounded, sort: { _id: 1 }, limit: limit + 1 })
    .toArray();
  return toPage(rows, limit, presentRole, ({ _id }) => encodeCursor('roles', _id));
}

/** True where somebody has the role. */
export async function isGiven(role: string): Promise<boolean> {
  return (await Users.native().findOne({ roles: role }, { ...bounded, projection: { _id: 1 } })) !== null;
}

/** What is to be known before an admin may go; see `leaveAnAdmin`. The revision is read first: it must not be newer. */
export async function seeAdmins(leaving: string): Promise<AdminsSeen> {
  const role = await Roles.native().findOne({ _id: 'admin' }, bounded);
  const other = await Users.native().findOne(
    { roles: 'admin', _id: { $ne: leaving } },
    { ...bounded, projection: { _id: 1 } },
  );
  return { rev: role?.rev ?? 0, others: other !== null };
}

/** Somebody's roles and all they may with them. Errors: user.not-found. */
export async function findUserRoles(id: string): Promise<UserRolesView> {
  const user = await Users.native().findOne({ _id: id }, { ...bounded, projection: { roles: 1, rev: 1 } });
  if (!user) {
    throw userProblems.notFound(`There is no user ${id}`);
  }
  return presentUserRoles(user, await permissionsOf(user.roles));
}

/**
 * Refuses roles that do not exist, and those that may more than the caller: nobody gives away more than they have.
 * Errors: request.invalid, user.role-above-yours.
 */
export async function refuseRoles(roles: readonly string[], caller: Caller): Promise<void> {
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

/** Reads people and roles into a command's state, so that `mayStillGive` can tell who may give which. */
export async function readGivers(reader: Reader, userIds: readonly string[], roles: readonly string[]): Promise<void> {
  const users = await reader.read(Users, userIds);
  await reader.read(Roles, [...users.flatMap((user) => user?.roles ?? []), ...roles]);
}
