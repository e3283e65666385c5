// Inputs and outputs of logging in.
import { z } from 'zod';
import { givenPassword, newPassword } from '#src/platform/auth/passwords.ts';
import { accountView, emailAddress, personName } from '#src/services/user/index.ts';

/** `POST /api/auth/register`. */
export const register = z.strictObject({ email: emailAddress, password: newPassword, name: personName });

/** `POST /api/auth/login`. */
export const login = z.strictObject({ email: z.string().max(320), password: givenPassword });

/** `GET /api/auth/me`. */
export const me = accountView;

/** `GET /.well-known/jwks.json` (RFC 7517). */
export const keySet = z.object({ keys: z.array(z.record(z.string(), z.unknown())) });
