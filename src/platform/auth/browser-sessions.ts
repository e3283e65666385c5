// Sessions of browsers on the admin pages: the same rows as any other session, with a cookie as their secret. Called by
// admin/door.ts.
import mongoose, { type mongo } from 'mongoose';
import { sessionTimes } from '#config/auth.ts';
import { limits } from '#config/limits.ts';
import { newId } from '../ids.ts';
import { inTransaction } from '../mongo/transaction.ts';
import { expiry, newSession, Sessions, type SessionRow } from './session.model.ts';
import type { Session } from './session-cache.ts';
import { browserSessionOf, digest, newBrowserSecret } from './session-tokens.ts';
import { rolesOf } from './sessions.ts';

type Witness = (row: SessionRow, session: mongo.ClientSession) => Promise<void>;

let witness: Witness = async () => await Promise.resolve();

/** Says who writes the security event of a browser's session that begins. Called once, by the service that keeps those. */
export function provideBeginningsWitness(write: Witness): void {
  witness = write;
}

/**
 * Begins a session of a browser: the same row, but its secret is the value of a cookie, which is sent with each request
 * and opens nothing but the admin pages. It is kept nowhere. Its security event is of the same transaction.
 */
export async function openBrowserSession(of: {
  readonly userId: string;
  readonly userAgent: string;
  readonly ip: string;
}): Promise<string> {
  const id = newId();
  const secret = newBrowserSecret(id);
  const row: SessionRow = { ...newSession({ id, ...of }, new Date()), refreshHash: digest(secret) };
  const session = mongoose.connection.getClient().startSession();
  try {
    await inTransaction(session, async () => {
      await Sessions.native().insertOne(row, { session });
      await witness(row, session);
    });
  } finally {
    await session.endSession();
  }
  return secret;
}

/**
 * The living session of a cookie with its user's roles, or null. Always asked of MongoDB, so that an ended session or a
 * role that was taken away counts from the next request on. Being used keeps it from idling out.
 */
export async function findBrowserSession(secret: string): Promise<Session | null> {
  const sessionId = browserSessionOf(secret);
  const row = sessionId ? await Sessions.native().findOne({ _id: sessionId }, { maxTimeMS: limits.mongoMs }) : null;
  const now = new Date();
  if (!row || row.revokedAt || row.expiresAt <= now || row.refreshHash !== digest(secret)) {
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
