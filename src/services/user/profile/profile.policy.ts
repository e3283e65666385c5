// Which part of a person is shown to whom. Pure: the one rule that profiles, lists and search share.
import type { Caller } from '#src/platform/http/route.ts';
import { levels, type Level, type Privacy, type PrivateField } from './profile.schema.ts';

/** How somebody who looks stands to a person. `overseer` may read anybody. Who is blocked is none of these. */
export type Relation = 'self' | 'overseer' | 'connection' | 'member' | 'anonymous';

/** What holds until the owner says otherwise. */
export const defaultPrivacy: Privacy = Object.freeze({
  email: 'private',
  headline: 'members',
  bio: 'members',
  location: 'members',
  links: 'members',
  interests: 'members',
  languages: 'members',
  pronouns: 'members',
  timezone: 'connections',
  availability: 'members',
});

const widest: Readonly<Record<Relation, number>> = { anonymous: 0, member: 1, connection: 2, overseer: 3, self: 3 };

/** True where something of this level is shown to somebody who stands so. */
export function mayShow(level: Level, relation: Relation): boolean {
  return levels.indexOf(level) <= widest[relation];
}

/** For whom each part of a person is. */
export function privacyOf(user: { readonly privacy?: Partial<Privacy> }): Privacy {
  return { ...defaultPrivacy, ...user.privacy };
}

/** True where everybody who is logged in may see the part: only then anybody is found by it. */
export function isFindableBy(user: { readonly privacy?: Partial<Privacy> }, field: PrivateField): boolean {
  return mayShow(privacyOf(user)[field], 'member');
}

/** How a caller stands to a person, by what stands between the two. Null: each is nobody to the other. */
export function relationOf(
  caller: Pick<Caller, 'userId' | 'can'>,
  userId: string,
  standing: { readonly connected: boolean; readonly blocked: boolean } | undefined,
): Relation | null {
  if (caller.userId === userId) {
    return 'self';
  }
  if (caller.can('user.read.any')) {
    return 'overseer';
  }
  if (standing?.blocked) {
    return null;
  }
  return standing?.connected ? 'connection' : 'member';
}
