// Inputs and outputs of accounts, and the parts of them that other services take too.
import { z } from 'zod';
import { newPassword } from '#src/platform/auth/passwords.ts';
import { pageOf, pageQuery } from '#src/platform/http/cursor.ts';
import { privacyChange, profileChange, profileFields } from './profile/profile.schema.ts';

/** At most 64 characters before the @ (RFC 5321, 4.5.3.1.1), and names of hosts after it (RFC 1035, 2.3.1). */
const emailPattern =
  /^(?!\.)(?!.*\.\.)[a-z0-9_'+.-]{0,63}[a-z0-9_+-]@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}[a-z]{2,63}$/iu;

/** An e-mail address as it is kept: trimmed, in lower case. */
export const emailAddress = z
  .string()
  .trim()
  .toLowerCase()
  .max(254)
  .pipe(z.email({ pattern: emailPattern }));

/** A name people are shown: 1 to 100 characters on one line. */
export const personName = z
  .string()
  .trim()
  .normalize('NFC')
  .min(1)
  .max(100)
  .regex(/^[^\p{Cc}\p{Cs}\u2028\u2029]*$/u, 'May hold no control characters');

/** The name of a role. */
export const roleName = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/u, 'May hold a-z, 0-9 and -');

/** The id of a user, wherever it stands in a path or body. */
export const userId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/u, 'Not the id of a user');

/** `POST /api/users/create`. */
export const createUser = z.strictObject({
  email: emailAddress,
  name: personName,
  password: newPassword.optional(),
  roles: z.array(roleName).min(1).max(16).optional(),
});

/** `GET /api/users/:id`. */
export const userParams = z.strictObject({ id: userId });

/** `PUT /api/users/:id`: what is named is set, null takes it away, the rest stays. */
export const updateUser = profileChange.extend({ name: personName.optional(), privacy: privacyChange.optional() });

/** What the command that changes a profile needs. `expectRev`: the revision the change was made on. */
export const updateInput = z.strictObject({ userId, expectRev: z.int().min(0), change: updateUser });
export type UpdateInput = z.output<typeof updateInput>;

/** `GET /api/users/`. Everything that is asked for must hold. */
export const listUsers = pageQuery.extend({
  q: z.string().trim().min(1).max(254).optional(),
  skill: z
    .string()
    .max(600)
    .regex(/[\p{L}\p{N}]/u, 'Needs a letter or a digit')
    .describe('A skill by its name or slug')
    .optional(),
  place: z
    .string()
    .trim()
    .min(1)
    .max(100)
    .regex(/[\p{L}\p{N}]/u, 'Needs a letter or a digit')
    .optional(),
  country: z
    .string()
    .max(2)
    .regex(/^[A-Z]{2}$/u, 'Two capital letters, ISO 3166-1')
    .optional(),
});
export type ListUsers = z.output<typeof listUsers>;

/**
 * A user as the one who asks may see them. `roles` only for oneself and for those who may read anybody's; the rest by
 * what its owner allows. `status` where the account is suspended or gone, for those who may read anybody's.
 */
export const userView = z
  .strictObject({
    id: userId,
    name: z.string(),
    email: z.string().optional(),
    roles: z.array(z.string()).optional(),
    status: z.enum(['suspended', 'erased']).optional(),
    headline: profileFields.headline.optional(),
    bio: profileFields.bio.optional(),
    location: profileFields.location.optional(),
    links: profileFields.links.optional(),
    interests: profileFields.interests.optional(),
    languages: profileFields.languages.optional(),
    pronouns: profileFields.pronouns.optional(),
    timezone: profileFields.timezone.optional(),
    availability: profileFields.availability.optional(),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'User' });
export type UserView = z.output<typeof userView>;

/** A page of users. */
export const userPage = pageOf(userView);

/** An account as its owner sees it after registering or logging in. */
export const accountView = z
  .strictObject({
    id: userId,
    email: z.string(),
    name: z.string(),
    roles: z.array(z.string()),
  })
  .meta({ id: 'Account' });
export type AccountView = z.output<typeof accountView>;

/** An account as `me` shows it. */
export const ownAccountView = accountView
  .extend({ emailVerifiedAt: z.iso.datetime().nullable() })
  .meta({ id: 'OwnAccount' });
export type OwnAccountView = z.output<typeof ownAccountView>;

/** What the command that makes an account needs. No credential: its row is kept. */
export const accountInput = z.strictObject({ email: emailAddress, name: personName, roles: z.array(roleName).min(1) });

/** One line of the import `users`: an account without a password, for whoever proves to have the address. */
export const importedUser = z.strictObject({ email: emailAddress, name: personName });

/** The first password of an account. */
export const firstPasswordInput = z.strictObject({ userId, passwordHash: z.string() });
