// For whom each part of a profile is. Pure; the rule itself is that of showing.policy.ts.
import { mayShow } from '../showing/showing.policy.ts';
import type { Privacy, PrivateField } from './profile.schema.ts';

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

/** For whom each part of a person is. */
export function privacyOf(user: { readonly privacy?: Partial<Privacy> }): Privacy {
  return { ...defaultPrivacy, ...user.privacy };
}

/** True where everybody who is logged in may see the part: only then anybody is found by it. */
export function isFindableBy(user: { readonly privacy?: Partial<Privacy> }, field: PrivateField): boolean {
  return mayShow(privacyOf(user)[field], 'member');
}
