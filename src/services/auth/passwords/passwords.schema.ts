// Inputs of changing and resetting passwords.
import { z } from 'zod';
import { givenPassword, newPassword } from '#src/platform/auth/passwords.ts';
import { emailAddress, userId } from '#src/services/user/index.ts';
import { askedFrom, mailedToken } from '../auth.schema.ts';

/** `POST /api/auth/password/change`. */
export const changePassword = z.strictObject({ currentPassword: givenPassword, newPassword });

/** `POST /api/auth/password/forgot`. */
export const forgotPassword = z.strictObject({ email: emailAddress });

/** `POST /api/auth/password/reset`. */
export const resetPassword = z.strictObject({ token: mailedToken, newPassword });

/** What the change of a password needs. `from` is the hash that the current password was checked with. */
export const passwordChange = askedFrom.extend({
  userId,
  from: z.string(),
  to: z.string(),
  sessionId: z.string().max(64),
});

/** Somebody asks to reset the password of an address. */
export const resetAsked = askedFrom.extend({ email: emailAddress });

/** What a reset needs. */
export const passwordReset = askedFrom.extend({ tokenId: z.string().max(64), passwordHash: z.string() });
