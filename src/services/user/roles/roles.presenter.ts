// From rows to what is sent of roles.
import { permissions, type RoleRow } from '#src/platform/auth/permissions.ts';
import type { User } from '../user.model.ts';
import { isBuiltIn } from './roles.policy.ts';
import type { RoleView, UserRolesView } from './roles.schema.ts';

/** A role. An admin may everything, whatever the row says. */
export function presentRole({
  _id: name,
  permissions: of,
  rev,
}: Pick<RoleRow, '_id' | 'permissions' | 'rev'>): RoleView {
  const all = name === 'admin' ? Object.keys(permissions) : of;
  return { name, permissions: all.toSorted(), builtIn: isBuiltIn(name), rev };
}

/** The roles of a user with all that they allow. */
export function presentUserRoles(user: Pick<User, '_id' | 'roles' | 'rev'>, may: ReadonlySet<string>): UserRolesView {
  return { userId: user._id, roles: [...user.roles], permissions: [...may].toSorted(), rev: user.rev };
}
