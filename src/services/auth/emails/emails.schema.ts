// Inputs of proving and changing e-mail addresses.
import { z } from 'zod';
import { givenPassword } from '#src/platform/auth/passwords.ts';
import { emailAddress, userId } from '#src/services/user/index.ts';
import { askedFrom, mailedToken } from '../auth.schema.ts';

/** `POST /api/auth/email/verify` and `/change/confirm`. */
export const givenToken = z.strictObject({ token: mailedToken });

/** `POST /api/auth/email/change`. */
export const changeEmail = z.strictObject({ newEmail: emailAddress, currentPassword: givenPassword });

/** What a proof needs. */
export const emailProof = askedFrom.extend({ tokenId: z.string().max(64) });
export type EmailProof = z.output<typeof emailProof>;

/** Whose address a link is to be mailed to. */
export const verificationAsked = z.strictObject({ userId });

/** Which address somebody wants to change to. */
export const emailChangeAsked = z.strictObject({ userId, email: emailAddress });
