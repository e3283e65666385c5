// Accounts and profiles. Private to the user service; others enter by index.ts.
import { defineCollection } from '#src/platform/mongo/collection.ts';
import type { Privacy, Profile } from './profile/profile.schema.ts';
import type { Settings } from './settings/settings.schema.ts';

/** One person's (or other backend's) account. */
export interface User {
  readonly _id: string;
  readonly email: string;
  /** When somebody last proved to read mails to the address. */
  readonly emailVerifiedAt?: Date;
  readonly name: string;
  /** The name as it is searched and sorted by. */
  readonly nameKey: string;
  /** argon2id; missing where nobody set a password. */
  readonly passwordHash?: string;
  /** When it was last chosen anew: links that were mailed before are void. */
  readonly passwordChangedAt?: Date;
  readonly roles: readonly string[];
  /** Slugs of the skills that everybody may see, kept by the area skills; missing where there never were any. */
  readonly skillSlugs?: readonly string[];
  /** Every beginning of every word of the name; see search.policy.ts. */
  readonly namePrefixes?: readonly string[];
  /** Place and country as search compares them, where everybody may see them. */
  readonly placePrefixes?: readonly string[];
  /** What they say of themselves; missing where they never did. */
  readonly profile?: Profile;
  /** For whom each part is, where its owner said so. */
  readonly privacy?: Partial<Privacy>;
  readonly settings?: Partial<Settings>;
  /** Missing: active. */
  readonly status?: 'active' | 'suspended' | 'erased';
  /** Its owner, or an admin, wants it gone at that time; until then that can be taken back. */
  readonly deletion?: { readonly id: string; readonly dueAt: Date };
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly rev: number;
}

/** All users. */
export const Users = defineCollection<User>(
  'users',
  {
    email: String,
    emailVerifiedAt: Date,
    name: String,
    nameKey: String,
    passwordHash: String,
    passwordChangedAt: Date,
    roles: [String],
    skillSlugs: [String],
    namePrefixes: [String],
    placePrefixes: [String],
    profile: Object,
    privacy: Object,
    settings: Object,
    status: String,
    deletion: Object,
    createdAt: Date,
    updatedAt: Date,
    rev: Number,
  },
  [
    { key: { email: 1 }, unique: true },
    { key: { nameKey: 1, _id: 1 } },
    { key: { roles: 1 } },
    { key: { skillSlugs: 1, nameKey: 1, _id: 1 } },
    { key: { namePrefixes: 1, nameKey: 1, _id: 1 } },
    { key: { placePrefixes: 1, nameKey: 1, _id: 1 } },
  ],
);

/** The form of a name that search compares: without case and without differences of width. */
export function nameKeyOf(name: string): string {
  return name.normalize('NFKC').toLowerCase();
}
