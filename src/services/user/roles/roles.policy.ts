// Who may give and take which roles, and what must stay. Pure.
import { defineAccess } from '#src/platform/auth/abilities.ts';
import { initialRoles, Roles, type RoleRow } from '#src/platform/auth/permissions.ts';
import { put, type State, type Write } from '#src/platform/commands/command.ts';
import { problems, type AppError } from '#src/platform/errors.ts';
import type { Caller } from '#src/platform/http/route.ts';
import { roleProblems } from './roles.errors.ts';
import { isShown } from '../showing/showing.policy.ts';
import { Users, type User } from '../user.model.ts';
import type { AdminsSeen } from './roles.schema.ts';

/** Who has which roles: everybody knows their own. */
export const rolesHeld = defineAccess<Pick<User, '_id'>>('roles of a user', {
  read: [{ permission: 'role.read' }, { where: ({ userId }) => ({ _id: userId }) }],
});

/** True for the roles every system has. */
export function isBuiltIn(role: string): boolean {
  return Object.hasOwn(initialRoles, role);
}

/** The members of one list that the other lacks. */
export function without(list: readonly string[], other: readonly string[]): string[] {
  const lacking = new Set(other);
  return list.filter((member) => !lacking.has(member));
}

/** True where the caller may all that the role may: nobody gives away more than they have. */
export function canGiveRole(caller: Pick<Caller, 'roles' | 'can'>, role: string, of: ReadonlySet<string>): boolean {
  return (caller.roles.includes('admin') || role !== 'admin') && [...of].every((permission) => caller.can(permission));
}

/** The role of a name as it stands in a batch, or null where there is none any more. */
export function roleIn(state: State, name: string): RoleRow | null {
  const role = state.get(Roles, name);
  return role && !role.removedAt ? role : null;
}

/**
 * The writes that hold on to roles that are given, so that none of them is removed at the same moment; a problem where
 * one does not exist. The command's `load` read them. Codes: request.invalid.
 */
export function holdRoles(state: State, roles: readonly string[]): Write[] | AppError {
  const missing = roles.filter((name) => !roleIn(state, name));
  if (missing.length > 0) {
    return problems.invalid(undefined, {
      errors: missing.map((name) => ({
        pointer: `/body/roles/${roles.indexOf(name)}`,
        code: 'role',
        detail: `There is no role ${name}`,
      })),
    });
  }
  // Built-in roles are never removed: there is nothing to hold.
  return roles.filter((name) => !isBuiltIn(name)).flatMap((name) => touched(state, name));
}

function touched(state: State, name: string): Write[] {
  const role = state.get(Roles, name);
  return role ? [put(Roles, { ...role, rev: role.rev + 1 })] : [];
}

/**
 * What a command that takes an admin away must write, so that of two at the same moment one sees the other; a problem
 * where nobody would be left, or somebody was quicker. Its `load` read the role `admin`, and `seen` is older than that
 * (`seeAdmins`). Codes: user.last-admin, request.conflict.
 */
export function leaveAnAdmin(state: State, seen: AdminsSeen): Write[] | AppError {
  if (!seen.others) {
    return roleProblems.lastAdmin('Make somebody else admin first');
  }
  return state.get(Roles, 'admin')?.rev === seen.rev ? touched(state, 'admin') : problems.conflict();
}

/**
 * Somebody whom `readGivers` read, with what they are and may as they stand in the batch; null for a suspended account, and
 * one that is gone or about to go.
 */
export function standingOf(state: State, userId: string): Standing | null {
  const user = state.get(Users, userId);
  if (!user || !isShown(user)) {
    return null;
  }
  const own = new Set<string>(user.roles.flatMap((name) => roleIn(state, name)?.permissions ?? []));
  return { userId, roles: user.roles, can: (each: string) => user.roles.includes('admin') || own.has(each) };
}

interface Standing {
  readonly userId: string;
  readonly roles: readonly string[];
  can(permission: string): boolean;
}

/**
 * True where somebody whom `readGivers` read may do what the permission names, and give these roles: as they stand in the
 * batch, not as they stood when they promised it. A suspended account, and one about to go, gives nothing.
 */
export function mayStillGive(state: State, userId: string, permission: string, roles: readonly string[]): boolean {
  const giver = standingOf(state, userId);
  const given = roles.map((name) => roleIn(state, name));
  return (
    giver !== null &&
    giver.can(permission) &&
    given.every((role) => role && canGiveRole(giver, role._id, new Set(role.permissions)))
  );
}
