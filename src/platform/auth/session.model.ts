// Sessions as they are kept: the truth of who is logged in. Private to this folder and to the auth service, whose
// commands begin and end them.
import { sessionTimes } from '#config/auth.ts';
import { retention } from '#config/retention.ts';
import { defineCollection } from '../mongo/collection.ts';

/** One session: a client that is logged in, or a browser on the admin pages. */
export interface SessionRow {
  readonly _id: string;
  readonly userId: string;
  /** SHA-256 of the one refresh token, or cookie, that is good now. */
  readonly refreshHash: string;
  /** How often the refresh token was exchanged, and what its tokens derive from beside MASTER_KEY; see session-tokens.ts. */
  readonly generation?: number;
  readonly seed?: string;
  /** When the refresh token was exchanged last. */
  readonly rotatedAt?: Date;
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
  readonly expiresAt: Date;
  readonly revokedAt?: Date;
  /** Why it was ended, in a word. */
  readonly reason?: string;
  /** When its user last proved to be there, beside logging in. */
  readonly stepUpAt?: Date;
  readonly userAgent: string;
  readonly ip: string;
  readonly rev: number;
}

/** All sessions, those that ended too for as long as retention says. Ids sort by the time of beginning. */
export const Sessions = defineCollection<SessionRow>(
  'sessions',
  {
    userId: String,
    refreshHash: String,
    generation: Number,
    seed: String,
    rotatedAt: Date,
    createdAt: Date,
    lastSeenAt: Date,
    expiresAt: Date,
    revokedAt: Date,
    reason: String,
    stepUpAt: Date,
    userAgent: String,
    ip: String,
    rev: Number,
  },
  [{ key: { userId: 1, _id: 1 } }, { key: { expiresAt: 1 }, expireAfterSeconds: retention.sessionsEndedMs / 1000 }],
);

/** How sessions are written: what a client was told about one outlives any fault. */
export const durable = { writeConcern: { w: 'majority' as const, journal: true } };

/** Until when a session lives that is used now: idle and absolute lifetime, whichever ends first. */
export function expiry(createdAt: Date, now: Date): Date {
  return new Date(Math.min(now.getTime() + sessionTimes.idleMs, createdAt.getTime() + sessionTimes.absoluteMs));
}

/** What every new session has, whatever its secret is. */
export function newSession(
  of: { readonly id: string; readonly userId: string; readonly userAgent: string; readonly ip: string },
  now: Date,
): Omit<SessionRow, 'refreshHash'> {
  return {
    _id: of.id,
    userId: of.userId,
    createdAt: now,
    lastSeenAt: now,
    expiresAt: expiry(now, now),
    userAgent: of.userAgent.slice(0, 256),
    ip: of.ip,
    rev: 0,
  };
}
