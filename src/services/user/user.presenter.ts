// From a row to what is sent: the only place that decides which fields leave.
import { privacyOf } from './profile/profile.policy.ts';
import type { Profile } from './profile/profile.schema.ts';
import { mayShow, seesAll, type Relation } from './showing/showing.policy.ts';
import type { User } from './user.model.ts';
import type { AccountView, OwnAccountView, UserView } from './user.schema.ts';

/** A user as somebody who stands so to them may see them: each field only for whom its owner allows. */
export function presentUser(user: User, relation: Relation): UserView {
  const privacy = privacyOf(user);
  const whole = seesAll(relation);
  const profile = Object.entries(user.profile ?? {}).filter(([field]) =>
    mayShow(privacy[field as keyof Profile], relation),
  );
  return {
    id: user._id,
    name: user.name,
    ...(mayShow(privacy.email, relation) ? { email: user.email } : {}),
    ...(whole ? { roles: [...user.roles] } : {}),
    ...(whole && user.status !== undefined && user.status !== 'active' ? { status: user.status } : {}),
    ...(Object.fromEntries(profile) as Profile),
    createdAt: user.createdAt.toISOString(),
  };
}

/** An account as its owner sees it. */
export function presentAccount(user: User): AccountView {
  return { id: user._id, email: user.email, name: user.name, roles: [...user.roles] };
}

/** An account as `me` shows it. */
export function presentOwnAccount(user: User): OwnAccountView {
  return { ...presentAccount(user), emailVerifiedAt: user.emailVerifiedAt?.toISOString() ?? null };
}
