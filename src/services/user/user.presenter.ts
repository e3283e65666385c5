// From a row to what is sent: the only place that decides which fields leave.
import type { Caller } from '#src/platform/http/route.ts';
import type { User } from './user.model.ts';
import { canReadPrivate } from './user.policy.ts';
import type { AccountView, UserView } from './user.schema.ts';

/** A user as this caller may see them. */
export function presentUser(user: User, caller: Caller): UserView {
  return {
    id: user._id,
    name: user.name,
    ...(canReadPrivate(caller, user._id) ? { email: user.email, roles: [...user.roles] } : {}),
    createdAt: user.createdAt.toISOString(),
  };
}

/** An account as its owner sees it. */
export function presentAccount(user: User): AccountView {
  return { id: user._id, email: user.email, name: user.name, roles: [...user.roles] };
}
