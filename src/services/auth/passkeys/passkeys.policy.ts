// Where passkeys are good, and what of an answer is ours to judge. Pure.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { config } from '#config/env.ts';
import { mac } from '#src/platform/secrets.ts';

/** The site passkeys belong to: PUBLIC_URL, or this machine where none is set. */
export function relyingParty(publicUrl = config.publicUrl ?? `http://localhost:${config.port}`): {
  readonly id: string;
  readonly origin: string;
} {
  const { hostname, origin } = new URL(publicUrl);
  return { id: hostname, origin };
}

/** The key of a passkey's row. */
export function passkeyId(credentialId: string): string {
  return createHash('sha256').update(credentialId).digest('hex');
}

/** What authenticators know an account by: tells nothing about it, and is the same each time. */
export function userHandleOf(userId: string): string {
  return mac('passkey-user', userId);
}

const clientData = z.looseObject({ challenge: z.string().min(1).max(128) });

/** The challenge an answer says it signed, or null where it says none. */
export function challengeIn(clientDataJson: string): string | null {
  try {
    const parsed = clientData.safeParse(JSON.parse(Buffer.from(clientDataJson, 'base64url').toString('utf8')));
    return parsed.success ? parsed.data.challenge : null;
  } catch {
    return null;
  }
}

/** True where an authenticator counts and did not count on: there are two of it (WebAuthn Level 3, 6.1.1). */
export function wentBackwards(stored: number, given: number): boolean {
  return (stored > 0 || given > 0) && given <= stored;
}
