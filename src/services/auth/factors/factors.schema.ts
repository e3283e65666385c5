// Inputs and outputs of second factors and of step-up.
import { z } from 'zod';
import { factorRules } from '#config/auth.ts';
import { givenPassword } from '#src/platform/auth/passwords.ts';
import { userId } from '#src/services/user/index.ts';
import { act } from '../auth.schema.ts';
import { loggedIn } from '../sessions/sessions.schema.ts';
import { assertion } from '../passkeys/passkeys.schema.ts';

/** A code of an authenticator app. */
export const totpCode = z.string().regex(/^[0-9]{6}$/u, 'Six digits');

/** A backup code, as it was shown or without its hyphen, in any case. */
export const backupCode = z
  .string()
  .max(32)
  .regex(/^[0-9A-Za-z]{5}-?[0-9A-Za-z]{5}$/u, 'Two groups of five letters and digits');

/** Ways to give the second factor after the password. */
export const mfaMethod = z.enum(['totp', 'backup-code']);

/** `POST /api/auth/login/mfa`. */
export const loginMfa = z.discriminatedUnion('method', [
  z.strictObject({ mfaToken: z.string().min(1).max(128), method: z.literal('totp'), code: totpCode }),
  z.strictObject({ mfaToken: z.string().min(1).max(128), method: z.literal('backup-code'), code: backupCode }),
]);

/** The password was right, and a second factor is on: `mfaToken` and a code complete the login. */
export const mfaRequired = z
  .strictObject({
    mfaRequired: z.literal(true),
    mfaToken: z.string().describe(`Good for ${factorRules.ticketMs / 1_000} seconds, and for nothing but /login/mfa`),
    methods: z.array(mfaMethod).max(2),
  })
  .meta({ id: 'MfaRequired' });

/** What every login answers: tokens, or that a second factor is asked. */
export const loginAnswer = z.union([loggedIn, mfaRequired]);
export type LoginAnswer = z.output<typeof loginAnswer>;

/** `POST /api/auth/step-up`. */
export const stepUp = z.discriminatedUnion('method', [
  z.strictObject({ method: z.literal('password'), password: givenPassword }),
  z.strictObject({ method: z.literal('totp'), code: totpCode }),
  z.strictObject({ method: z.literal('backup-code'), code: backupCode }),
  z.strictObject({ method: z.literal('passkey'), response: assertion }),
]);

/** Until when the session may do sensitive things. */
export const steppedUp = z.strictObject({ until: z.iso.datetime() });

/** `GET /api/auth/mfa`. */
export const factorsView = z
  .strictObject({ totp: z.boolean(), totpSince: z.iso.datetime().nullable(), backupCodesLeft: z.int() })
  .meta({ id: 'SecondFactors' });

/** A new secret for an authenticator app: shown once, on after it was confirmed with a code. */
export const totpSetup = z.strictObject({ secret: z.string(), uri: z.string() });

/** `POST /api/auth/mfa/totp/confirm`. */
export const totpConfirm = z.strictObject({ code: totpCode });

/** Backup codes, shown once. */
export const backupCodesView = z.strictObject({ backupCodes: z.array(z.string()).max(factorRules.backupCodes) });

/** Input of the commands of this area. None is recorded. */
export const inputs = {
  setUp: z.strictObject({ userId, sealed: z.string().max(512) }),
  confirm: z.strictObject({ act, code: totpCode, hashes: z.array(z.string()).max(factorRules.backupCodes) }),
  useCode: z.strictObject({ act, method: mfaMethod, code: z.string().max(32) }),
  renew: z.strictObject({ act, hashes: z.array(z.string()).max(factorRules.backupCodes) }),
  remove: z.strictObject({ act }),
};
