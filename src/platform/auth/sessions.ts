// Sessions: who is logged in. The truth is in MongoDB; Redis only saves the question. Called by every authenticated
// request and socket (findSession), by the auth service, which begins, rotates and ends them, and by the admin pages.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { sessionTimes } from '#config/auth.ts';
import { limits } from '#config/limits.ts';
import { retention } from '#config/retention.ts';
import { newId } from '../ids.ts';
import { defineCollection } from '../mongo/collection.ts';
import { mac } from '../secrets.ts';
import { bury, recall, remember, type Session } from './session-cache.ts';

interface SessionRow {
  readonly _id: string;
  readonly userId: string;
  /** SHA-256 of the one refresh token, or cookie, that is good now. */
  readonly refreshHash: string;
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
  readonly expiresAt: Date;
  readonly revokedAt?: Date;
  readonly userAgent: string;
  readonly ip: string;
  readonly rev: number;
}

const Sessions = defineCollection<SessionRow>(
  'sessions',
  {
    userId: String,
    refreshHash: String,
    createdAt: Date,
    lastSeenAt: Date,
    expiresAt: Date,
    revokedAt: Date,
    userAgent: String,
    ip: String,
    rev: Number,
  },
  [
    { key: { userId: 1, createdAt: 1 } },
    { key: { expiresAt: 1 }, expireAfterSeconds: retention.sessionsEndedMs / 1000 },
  ],
);

type RolesOf = (userId: string) => Promise<readonly string[] | null>;

let rolesOf: RolesOf = () => {
  throw new Error('Nobody said where roles are kept: call provideRoles before the first request');
};

/** Says where the roles of a user are read (null: no such user). Called once, by the service that keeps them. */
export function provideRoles(source: RolesOf): void {
  rolesOf = source;
}

const durable = { writeConcern: { w: 'majority' as const, journal: true }, maxTimeMS: limits.mongoMs };

/**
 * The living session, or null where it is over, expired or was never there. Redis first, MongoDB where Redis does not
 * know or does not answer. Where neither answers it throws MongoDB's error, which every door answers with 503.
 */
export async function findSession(sessionId: string): Promise<Session | null> {
  const recalled = await recall(sessionId);
  if (recalled === 'over') {
    return null;
  }
  const session = recalled ?? (await askMongo(sessionId));
  return session && session.expiresAt.getTime() > Date.now() ? session : null;
}

async function askMongo(sessionId: string): Promise<Session | null> {
  const row = await Sessions.native().findOne({ _id: sessionId }, { maxTimeMS: limits.mongoMs });
  const roles = row && !row.revokedAt ? await rolesOf(row.userId) : null;
  if (!row || !roles) {
    // A token of it was signed once, so it was there: the answer will not change.
    await bury(sessionId);
    return null;
  }
  const session = { id: sessionId, userId: row.userId, roles, expiresAt: row.expiresAt };
  await remember(session);
  return session;
}

/** What the client gets of a session. The refresh token is shown once and kept nowhere. */
export interface OpenedSession {
  readonly sessionId: string;
  readonly userId: string;
  readonly refreshToken: string;
}

/** What a secret of a session is for: neither is good in the other's place. */
type Purpose = 'refresh-token' | 'browser-session';

// 256 random bits and a tag that shows that it was ours: only a token that was really given may end a session.
function newToken(purpose: Purpose, sessionId: string): string {
  const body = `${sessionId}.${randomBytes(32).toString('base64url')}`;
  return `${body}.${mac(purpose, body)}`;
}

function sessionOf(purpose: Purpose, token: string): string | null {
  const [sessionId, secret, tag, ...rest] = token.split('.');
  if (!sessionId || !secret || !tag || rest.length > 0) {
    return null;
  }
  const expected = Buffer.from(mac(purpose, `${sessionId}.${secret}`));
  const given = Buffer.from(tag);
  return given.length === expected.length && timingSafeEqual(given, expected) ? sessionId : null;
}

const digest = (token: string): string => createHash('sha256').update(token).digest('hex');

function expiry(createdAt: Date, now: Date): Date {
  return new Date(Math.min(now.getTime() + sessionTimes.idleMs, createdAt.getTime() + sessionTimes.absoluteMs));
}

/** Who begins a session, and from where. */
interface Beginner {
  readonly userId: string;
  readonly userAgent: string;
  readonly ip: string;
}

async function begin(purpose: Purpose, { userId, userAgent, ip }: Beginner): Promise<{ id: string; token: string }> {
  const id = newId();
  const token = newToken(purpose, id);
  const now = new Date();
  const row: SessionRow = {
    _id: id,
    userId,
    refreshHash: digest(token),
    createdAt: now,
    lastSeenAt: now,
    expiresAt: expiry(now, now),
    userAgent: userAgent.slice(0, 256),
    ip,
    rev: 0,
  };
  await Sessions.native().insertOne(row, durable);
  return { id, token };
}

/** Begins a session. */
export async function openSession(of: Beginner): Promise<OpenedSession> {
  const { id, token } = await begin('refresh-token', of);
  return { sessionId: id, userId: of.userId, refreshToken: token };
}

/**
 * Begins a session of a browser: the same row, but its secret is the value of a cookie, which is sent with each request
 * and opens nothing but the admin pages. It is kept nowhere.
 */
export async function openBrowserSession(of: Beginner): Promise<string> {
  return (await begin('browser-session', of)).token;
}

/**
 * The living session of a cookie with its user's roles, or null. Always asked of MongoDB, so that an ended session or a
 * role that was taken away counts from the next request on. Being used keeps it from idling out.
 */
export async function findBrowserSession(token: string): Promise<Session | null> {
  const sessionId = sessionOf('browser-session', token);
  const row = sessionId ? await Sessions.native().findOne({ _id: sessionId }, { maxTimeMS: limits.mongoMs }) : null;
  const now = new Date();
  if (!row || row.revokedAt || row.expiresAt <= now || row.refreshHash !== digest(token)) {
    return null;
  }
  const roles = await rolesOf(row.userId);
  if (!roles) {
    return null;
  }
  if (now.getTime() - row.lastSeenAt.getTime() > sessionTimes.seenEveryMs) {
    await Sessions.native().updateOne(
      { _id: row._id, revokedAt: { $exists: false } },
      { $set: { lastSeenAt: now, expiresAt: expiry(row.createdAt, now) }, $inc: { rev: 1 } },
      { maxTimeMS: limits.mongoMs },
    );
  }
  return { id: row._id, userId: row.userId, roles, expiresAt: row.expiresAt };
}

/**
 * Exchanges a refresh token for a new one; each is good once. A token that was exchanged before is in two hands, so
 * its session ends. Null where the token is not good.
 */
export async function rotateSession(refreshToken: string): Promise<OpenedSession | null> {
  const sessionId = sessionOf('refresh-token', refreshToken);
  const row = sessionId ? await Sessions.native().findOne({ _id: sessionId }, { maxTimeMS: limits.mongoMs }) : null;
  const now = new Date();
  if (!row || row.revokedAt || row.expiresAt <= now) {
    return null;
  }
  const next = newToken('refresh-token', row._id);
  const rotated = await Sessions.native().findOneAndUpdate(
    { _id: row._id, refreshHash: digest(refreshToken), revokedAt: { $exists: false } },
    {
      $set: { refreshHash: digest(next), lastSeenAt: now, expiresAt: expiry(row.createdAt, now) },
      $inc: { rev: 1 },
    },
    durable,
  );
  if (!rotated) {
    await endSession(row._id);
    return null;
  }
  return { sessionId: row._id, userId: row.userId, refreshToken: next };
}

/**
 * Ends every session and tells how many. For a restored database: sessions that were ended after the backup live in it,
 * so nobody's is believed. Redis forgets what it knew within seconds, or is emptied beside this.
 */
export async function endAllSessions(): Promise<number> {
  const ended = await Sessions.native().updateMany(
    { revokedAt: { $exists: false } },
    { $set: { revokedAt: new Date() }, $inc: { rev: 1 } },
  );
  return ended.modifiedCount;
}

type Ended = (session: { readonly sessionId: string; readonly userId: string }) => void;
const listeners = new Set<Ended>();

/** Calls `listener` whenever this process ends a session, after it is over everywhere. Returns how to stop. */
export function onSessionEnded(listener: Ended): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * Ends a session, at once on every node. Redis is told first, so that nobody believes an older answer while MongoDB
 * is written, and again afterwards, in case it was emptied in between. Ending twice is ending once.
 */
export async function endSession(sessionId: string): Promise<void> {
  await bury(sessionId);
  const ended = await Sessions.native().findOneAndUpdate(
    { _id: sessionId, revokedAt: { $exists: false } },
    { $set: { revokedAt: new Date() }, $inc: { rev: 1 } },
    durable,
  );
  await bury(sessionId);
  if (ended) {
    for (const listener of listeners) {
      listener({ sessionId, userId: ended.userId });
    }
  }
}
