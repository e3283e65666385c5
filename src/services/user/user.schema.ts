// Inputs and outputs of accounts, and the parts of them that other services take too.
import { z } from 'zod';
import { newPassword } from '#src/platform/auth/passwords.ts';
import { pageOf, pageQuery } from '#src/platform/http/cursor.ts';

/** An e-mail address as it is kept: trimmed, in lower case. */
export const emailAddress = z.string().trim().toLowerCase().max(254).pipe(z.email());

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

/** `GET /api/users/`. */
export const listUsers = pageQuery.extend({ q: z.string().trim().min(1).max(254).optional() });

/** A user as others see one: `email` and `roles` only for oneself and for those who may read anybody's. */
export const userView = z
  .strictObject({
    id: userId,
    name: z.string(),
    email: z.string().optional(),
    roles: z.array(z.string()).optional(),
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

/** What the command that makes an account needs. No credential: its row is kept. */
export const accountInput = z.strictObject({ email: emailAddress, name: personName, roles: z.array(roleName).min(1) });

/** One line of the import `users`: an account without a password, for whoever proves to have the address. */
export const importedUser = z.strictObject({ email: emailAddress, name: personName });

/** Registration: account and password in one commit, and no row. */
export const registrationInput = z.strictObject({ email: emailAddress, name: personName, passwordHash: z.string() });

/** The first password of an account. */
export const firstPasswordInput = z.strictObject({ userId, passwordHash: z.string() });
