// Accounts and profiles. Private to the user service; others enter by index.ts.
import { defineCollection } from '#src/platform/mongo/collection.ts';

/** One person's (or other backend's) account. */
export interface User {
  readonly _id: string;
  readonly email: string;
  readonly name: string;
  /** The name as it is searched and sorted by. */
  readonly nameKey: string;
  /** argon2id; missing where nobody set a password. */
  readonly passwordHash?: string;
  readonly roles: readonly string[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly rev: number;
}

/** All users. */
export const Users = defineCollection<User>(
  'users',
  {
    email: String,
    name: String,
    nameKey: String,
    passwordHash: String,
    roles: [String],
    createdAt: Date,
    updatedAt: Date,
    rev: Number,
  },
  [{ key: { email: 1 }, unique: true }, { key: { nameKey: 1, _id: 1 } }, { key: { roles: 1 } }],
);

/** The form of a name that search compares: without case and without differences of width. */
export function nameKeyOf(name: string): string {
  return name.normalize('NFKC').toLowerCase();
}
