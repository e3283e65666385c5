// Second factors in tests: an authenticator app, and ways to make a session's last proof old.
import { decodeJwt } from 'jose';
import mongoose from 'mongoose';
import { generateSync } from 'otplib';
import { factorRules } from '#config/auth.ts';
import { config } from '#config/env.ts';
import type { Service } from '#src/platform/registry.ts';
import { authService } from '#src/services/auth/index.ts';
import { userService } from '#src/services/user/index.ts';
import { registerSomebody, type LoggedIn } from './accounts.ts';
import type { TestServer } from './http.ts';

/** The services that tests of logging in need. */
export const identity: readonly Service[] = [userService, authService];

/** The code an app shows `steps` steps from now. */
export function codeOf(secret: string, steps = 0): string {
  return generateSync({ secret, epoch: Math.floor(Date.now() / 1_000) + steps * factorRules.totpStepS });
}

/** Somebody with an authenticator app on. Its code of the step before now is used up. */
export interface WithApp extends LoggedIn {
  readonly secret: string;
  readonly backupCodes: readonly string[];
}

/** Registers somebody and turns an authenticator app on. */
export async function registerWithApp(server: TestServer): Promise<WithApp> {
  const person = await registerSomebody(server);
  const token = person.accessToken;
  const { secret } = (await server.call('POST', '/api/auth/mfa/totp/setup', { token })).body as { secret: string };
  const body = { code: codeOf(secret, -1) };
  const confirmed = await server.call('POST', '/api/auth/mfa/totp/confirm', { token, body });
  return { ...person, secret, backupCodes: (confirmed.body as { backupCodes: string[] }).backupCodes };
}

/** The session of an access token. */
export const sessionIdOf = (token: string): string => String(decodeJwt(token)['sid']);

/** As if the session had begun, and been proved, longer ago than sensitive acts allow. */
export async function ageProof(token: string): Promise<void> {
  const longAgo = new Date(Date.now() - factorRules.stepUpMs - 1_000);
  await mongoose.connection
    .collection<{ _id: string }>('sessions')
    .updateOne({ _id: sessionIdOf(token) }, { $set: { createdAt: longAgo }, $unset: { stepUpAt: 1 } });
}

/** The kinds of an account's security events, in their order. */
export async function securityKindsOf(userId: string): Promise<string[]> {
  const rows = await mongoose.connection.collection('security_events').find({ userId }).sort({ _id: 1 }).toArray();
  return rows.map((row) => String(row['kind']));
}

/** The origin passkeys belong to. */
export const siteOrigin = new URL(config.publicUrl ?? `http://localhost:${config.port}`).origin;
