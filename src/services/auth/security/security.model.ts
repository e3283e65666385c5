// What happened to the safety of an account, for its owner to read. Written in the transaction it tells of, or, where
// there is none, by itself.
import type { mongo } from 'mongoose';
import { limits } from '#config/limits.ts';
import { retention } from '#config/retention.ts';
import { provideBeginningsWitness } from '#src/platform/auth/browser-sessions.ts';
import { provideEndingsWitness } from '#src/platform/auth/session-endings.ts';
import type { SessionRow } from '#src/platform/auth/session.model.ts';
import { insert, type Write } from '#src/platform/commands/command.ts';
import { newId } from '#src/platform/ids.ts';
import { defineCollection } from '#src/platform/mongo/collection.ts';

/** Every kind of security event, with what its owner reads. */
export const securityKinds = Object.freeze({
  'session.began': 'You logged in',
  'session.ended': 'A session was ended',
  'session.new-device': 'You logged in on a device that was not seen before',
  'session.token-reused': 'A refresh token was used twice; its session was ended',
  'password.changed': 'Your password was changed',
  'password.reset-asked': 'Somebody asked to reset your password',
  'password.reset': 'Your password was reset',
  'email.verified': 'Your e-mail address was verified',
  'email.changed': 'Your e-mail address was changed',
  'totp.added': 'An authenticator app was added',
  'totp.removed': 'An authenticator app was removed',
  'backup-codes.made': 'New backup codes were made',
  'backup-code.used': 'A backup code was used',
  'passkey.added': 'A passkey was added',
  'passkey.removed': 'A passkey was removed',
  'passkey.regressed': 'A passkey counted backwards, as a copy of it would; it was refused',
  'api-key.made': 'An API key was made',
  'api-key.revoked': 'An API key was revoked',
  'oidc.linked': 'A login of another provider was linked',
  'oidc.unlinked': 'A login of another provider was unlinked',
  'login.held-up': 'Logins were held up after many wrong tries',
});

/** A kind of security event. */
export type SecurityKind = keyof typeof securityKinds;

/** One security event of one user. */
export interface SecurityEvent {
  readonly _id: string;
  readonly userId: string;
  readonly kind: SecurityKind;
  readonly at: Date;
  readonly ip?: string;
  readonly userAgent?: string;
  readonly sessionId?: string;
}

/** All security events of the time they are kept. */
export const SecurityEvents = defineCollection<SecurityEvent>(
  'security_events',
  { userId: String, kind: String, at: Date, ip: String, userAgent: String, sessionId: String },
  [{ key: { userId: 1, _id: 1 } }, { key: { at: 1 }, expireAfterSeconds: retention.securityEventsMs / 1000 }],
);

/** The write of a security event, for `decide`; `_id` sorts by time. */
export function securityEvent(event: Omit<SecurityEvent, '_id'>): Write {
  const row: SecurityEvent = { _id: newId(), ...event };
  return insert(SecurityEvents, row);
}

/** Writes down that sessions end, in the transaction that ends them. */
async function witnessEndings(
  ended: readonly { readonly _id: string; readonly userId: string; readonly ip: string; readonly userAgent: string }[],
  at: Date,
  session: mongo.ClientSession,
): Promise<void> {
  await SecurityEvents.native().insertMany(
    ended.map(({ _id: sessionId, userId, ip, userAgent }): SecurityEvent => ({
      _id: newId(),
      userId,
      kind: 'session.ended',
      at,
      ip,
      userAgent,
      sessionId,
    })),
    { session },
  );
}

/** Writes down that a browser logged into the admin pages, in the transaction that begins its session. */
async function witnessBeginning(
  { _id: sessionId, userId, ip, userAgent, createdAt: at }: SessionRow,
  session: mongo.ClientSession,
): Promise<void> {
  const event: SecurityEvent = { _id: newId(), userId, kind: 'session.began', at, ip, userAgent, sessionId };
  await SecurityEvents.native().insertOne(event, { session });
}

/** Has sessions that begin and end outside commands written down. Called once, by the front door of this service. */
export function witnessSessions(): void {
  provideBeginningsWitness(witnessBeginning);
  provideEndingsWitness(witnessEndings);
}

/** Writes down a security event that no transaction tells of. */
export async function recordSecurityEvent(event: Omit<SecurityEvent, '_id'>): Promise<void> {
  await SecurityEvents.native().insertOne({ _id: newId(), ...event }, { maxTimeMS: limits.mongoMs });
}
