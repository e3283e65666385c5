// Inputs and outputs of logging in.
import { z } from 'zod';
import { givenPassword, newPassword } from '#src/platform/auth/passwords.ts';
import { emailAddress, ownAccountView, personName, userId } from '#src/services/user/index.ts';

/** A token from a mail. */
export const mailedToken = z.string().min(1).max(256);

/** The answer to what sends a mail, or does not. */
export const accepted = z
  .strictObject({ accepted: z.literal(true).describe('Said whether or not a mail is sent') })
  .meta({ id: 'MailAccepted' });

/** From where something was asked, for the list of security events. */
export const askedFrom = z.strictObject({ ip: z.string().max(64), userAgent: z.string().max(256) });

/** `POST /api/auth/register`. */
export const register = z.strictObject({
  email: emailAddress,
  password: newPassword,
  name: personName,
  inviteToken: mailedToken.optional(),
});

/** `POST /api/auth/login`. */
export const login = z.strictObject({ email: z.string().max(320), password: givenPassword });

/** `GET /api/auth/me`. */
export const me = ownAccountView;

/** Who changes something about their own safety, and from where: for the security event and the notice. */
export const act = z.strictObject({
  userId,
  email: z.string().max(320),
  name: z.string().max(100),
  ip: z.string().max(64),
  userAgent: z.string().max(256),
  sessionId: z.string().max(64),
});
export type Act = z.output<typeof act>;

/** `GET /.well-known/jwks.json` (RFC 7517). */
export const keySet = z.object({ keys: z.array(z.record(z.string(), z.unknown())) });

/** Account and password in one commit, and no row. */
export const registrationInput = z.strictObject({
  email: emailAddress,
  name: personName,
  passwordHash: z.string(),
  invitationId: z.string().optional(),
});
export type RegistrationInput = z.output<typeof registrationInput>;
