// Sessions: who is logged in. The truth is in MongoDB; Redis only saves the question. Called by every authenticated
// request and socket (findSession), and by the auth service, which begins and rotates them; session-endings.ts ends them.
import { sessionTimes } from '#config/auth.ts';
import { limits } from '#config/limits.ts';
import { logFor } from '../log.ts';
import { durable, expiry, Sessions, type SessionRow } from './session.model.ts';
import { bury, recall, remember, type Session } from './session-cache.ts';
import { claimOf, digest, isSame, refreshToken } from './session-tokens.ts';

const log = logFor('sessions');

type RolesOf = (userId: string) => Promise<readonly string[] | null>;

let rolesSource: RolesOf = () => {
  throw new Error('Nobody said where roles are kept: call provideRoles before the first request');
};

/** Says where the roles of a user are read (null: no such user). Called once, by the service that keeps them. */
export function provideRoles(source: RolesOf): void {
  rolesSource = source;
}

/** The roles of a user now, or null where there is no such user. */
export async function rolesOf(userId: string): Promise<readonly string[] | null> {
  return await rolesSource(userId);
}

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
  await noteSeen(row);
  return session;
}

/**
 * Writes down that a session is used, at most once a minute and only where MongoDB was asked anyway. Without a new
 * revision: whoever ends or rotates the session meanwhile need not care.
 */
async function noteSeen(row: SessionRow): Promise<void> {
  const now = new Date();
  if (now.getTime() - row.lastSeenAt.getTime() < sessionTimes.seenEveryMs) {
    return;
  }
  await Sessions.native()
    .updateOne(
      { _id: row._id, lastSeenAt: row.lastSeenAt },
      { $set: { lastSeenAt: now } },
      { maxTimeMS: limits.mongoMs },
    )
    .catch((error: unknown) => log.debug({ reason: String(error) }, 'That a session was used could not be noted'));
}

/** How an exchange of a refresh token ended. */
export type Rotation =
  | { readonly outcome: 'good'; readonly sessionId: string; readonly userId: string; readonly refreshToken: string }
  /** A token that was passed over: somebody else has its successor. Its session must end. */
  | { readonly outcome: 'reused'; readonly sessionId: string; readonly userId: string }
  | { readonly outcome: 'bad' };

/**
 * Exchanges a refresh token for its successor. Whoever repeats, within ten seconds, the exchange that was just made gets
 * the same successor again. Any other token that was really given, but is not good any more, is `reused`; anything
 * else, and every token of a session that is over, is `bad` and changes nothing. Needs MongoDB, never Redis.
 */
export async function rotateSession(token: string): Promise<Rotation> {
  const claim = claimOf(token);
  const row = claim ? await livingRow(claim.sessionId) : null;
  // Only a token that was really given may tell anything or end a session.
  if (!claim || !row || !wasGiven(row, claim.generation, token)) {
    return { outcome: 'bad' };
  }
  const now = new Date();
  const next = refreshToken(row._id, claim.generation + 1, row.seed);
  const rotated = await Sessions.native().findOneAndUpdate(
    { _id: row._id, refreshHash: digest(token), revokedAt: { $exists: false } },
    {
      $set: {
        refreshHash: digest(next),
        generation: claim.generation + 1,
        rotatedAt: now,
        lastSeenAt: now,
        expiresAt: expiry(row.createdAt, now),
      },
      $inc: { rev: 1 },
    },
    { ...durable, maxTimeMS: limits.mongoMs },
  );
  return rotated ? good(row, next) : await repeated(claim, next);
}

const good = ({ _id, userId }: SessionRow, token: string): Rotation => ({
  outcome: 'good',
  sessionId: _id,
  userId,
  refreshToken: token,
});

type RotatingRow = SessionRow & { readonly generation: number; readonly seed: string };

async function livingRow(sessionId: string): Promise<RotatingRow | null> {
  const row = await Sessions.native().findOne(
    { _id: sessionId, revokedAt: { $exists: false } },
    { maxTimeMS: limits.mongoMs, readConcern: { level: 'majority' } },
  );
  const { generation, seed } = row ?? {};
  return row && generation !== undefined && seed !== undefined && row.expiresAt.getTime() > Date.now()
    ? { ...row, generation, seed }
    : null;
}

function wasGiven(row: RotatingRow, generation: number, token: string): boolean {
  return generation <= row.generation && isSame(token, refreshToken(row._id, generation, row.seed));
}

/** The token is not the one that is good now: was it exchanged just now, or passed over long ago? */
async function repeated(
  claim: { readonly sessionId: string; readonly generation: number },
  next: string,
): Promise<Rotation> {
  const row = await livingRow(claim.sessionId);
  if (!row) {
    return { outcome: 'bad' };
  }
  const agoMs = Date.now() - (row.rotatedAt?.getTime() ?? 0);
  if (row.generation === claim.generation + 1 && agoMs <= sessionTimes.graceMs) {
    return good(row, next);
  }
  return { outcome: 'reused', sessionId: row._id, userId: row.userId };
}

/** Addresses that a user's sessions began at, of the last ones that are kept. */
export async function pastAddresses(userId: string): Promise<string[]> {
  const rows = await Sessions.native()
    .find({ userId }, { maxTimeMS: limits.mongoMs, projection: { ip: 1 }, sort: { createdAt: -1 }, limit: 100 })
    .toArray();
  return rows.map(({ ip }) => ip);
}

/** When the user of a living session last proved to be there, by logging in or by a step-up; null where it is over. */
export async function provedAt(sessionId: string): Promise<Date | null> {
  const row = await Sessions.native().findOne(
    { _id: sessionId, revokedAt: { $exists: false } },
    { maxTimeMS: limits.mongoMs, projection: { createdAt: 1, stepUpAt: 1 } },
  );
  return row && (row.stepUpAt ?? row.createdAt);
}

/** The user of a session proved to be there now. It counts from the next request on, on every node. */
export async function markProved(sessionId: string): Promise<void> {
  await Sessions.native().updateOne(
    { _id: sessionId, revokedAt: { $exists: false } },
    { $set: { stepUpAt: new Date() }, $inc: { rev: 1 } },
    { ...durable, maxTimeMS: limits.mongoMs },
  );
}
