// How sessions end: in MongoDB with the security event that tells of it, in Redis, and for the sockets of every node.
// Called by the auth service, by the admin pages, and by whoever changes what sessions rest on: passwords, accounts, roles.
import mongoose, { type mongo } from 'mongoose';
import { z } from 'zod';
import { limits } from '#config/limits.ts';
import type { Projection } from '../commands/projection.ts';
import { inTransactionAgain } from '../mongo/transaction.ts';
import { hint, onHint } from '../redis/hints.ts';
import { bury } from './session-cache.ts';
import { Sessions, type SessionRow } from './session.model.ts';

/** A session that ended. */
export interface Ended {
  readonly sessionId: string;
  readonly userId: string;
}

/** Why sessions end, as their rows keep it. */
export const endReasons = ['logout', 'too-many', 'password', 'account', 'roles', 'token-reused'] as const;
export type EndReason = (typeof endReasons)[number];

const listeners = new Set<(session: Ended) => void>();

/** Calls `listener` whenever this process ends a session, after it is over everywhere. Returns how to stop. */
export function onSessionEnded(listener: (session: Ended) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

const topic = 'sessions-ended';
const message = z.array(z.looseObject({ sessionId: z.string() }));

/** Calls `listener` for each session that any process ended, as quickly as hints are. Returns how to stop. */
export function onSessionEndedAnywhere(listener: (session: Pick<Ended, 'sessionId'>) => void): () => void {
  return onHint(topic, message, (ended) => ended.forEach(listener));
}

function tell(rows: readonly SessionRow[]): void {
  const ended = rows.map(({ _id, userId }): Ended => ({ sessionId: _id, userId }));
  for (const session of ended) {
    listeners.forEach((listener) => listener(session));
  }
  if (ended.length > 0) {
    hint(topic, ended);
  }
}

async function buryAll(sessionIds: readonly string[]): Promise<void> {
  await Promise.all(sessionIds.map(async (sessionId) => await bury(sessionId)));
}

/** Writes down, in the transaction that ends them, that sessions end. */
type Witness = (ended: readonly SessionRow[], at: Date, session: mongo.ClientSession) => Promise<void>;

let witness: Witness = async () => await Promise.resolve();

/** Says who writes security events of sessions that end. Called once, by the service that keeps those. */
export function provideEndingsWitness(write: Witness): void {
  witness = write;
}

/** One transaction: those of the sessions that live end, and the witness writes. Conflicts (a refresh) are tried again. */
async function endRows(sessionIds: readonly string[], reason: EndReason): Promise<SessionRow[]> {
  const session = mongoose.connection.getClient().startSession();
  try {
    let ended: SessionRow[] = [];
    await inTransactionAgain(session, async () => {
      const living = { _id: { $in: [...sessionIds] }, revokedAt: { $exists: false } };
      ended = await Sessions.native().find(living, { session, maxTimeMS: limits.mongoMs }).toArray();
      if (ended.length > 0) {
        const now = new Date();
        const ids = { _id: { $in: ended.map(({ _id }) => _id) } };
        await Sessions.native().updateMany(ids, { $set: { revokedAt: now, reason }, $inc: { rev: 1 } }, { session });
        await witness(ended, now, session);
      }
    });
    return ended;
  } finally {
    await session.endSession();
  }
}

/**
 * Ends sessions, at once on every node. Redis is told first, so that nobody believes an older answer while MongoDB
 * is written, and again afterwards, in case it was emptied in between. Ending twice is ending once.
 */
export async function endSessions(sessionIds: readonly string[], reason: EndReason): Promise<void> {
  if (sessionIds.length === 0) {
    return;
  }
  await buryAll(sessionIds);
  const ended = await endRows(sessionIds, reason);
  await buryAll(sessionIds);
  tell(ended);
}

/** Ends one session; see endSessions. */
export async function endSession(sessionId: string, reason: EndReason = 'logout'): Promise<void> {
  await endSessions([sessionId], reason);
}

/**
 * Ends all sessions of a user that had begun when it was called, but `except`, at once on every node and socket. For
 * logging out everywhere, for changed and reset passwords, suspended accounts, and whatever else must not go on under
 * what was true before: call it after that is committed, with the work of ending-work.ts in the decision for the case that
 * this process dies. `begunUntil`: only sessions that had begun by then. Needs MongoDB, never Redis.
 */
export async function endSessionsOf(
  userId: string,
  { except, reason, begunUntil }: { readonly except?: string; readonly reason: EndReason; readonly begunUntil?: Date },
): Promise<void> {
  const rows = await Sessions.native()
    .find(
      {
        userId,
        revokedAt: { $exists: false },
        expiresAt: { $gt: new Date() },
        ...(except === undefined ? {} : { _id: { $ne: except } }),
        ...(begunUntil === undefined ? {} : { createdAt: { $lte: begunUntil } }),
      },
      { maxTimeMS: limits.mongoMs, readConcern: { level: 'majority' } },
    )
    .project<{ _id: string }>({ _id: 1 })
    .toArray();
  await endSessions(
    rows.map(({ _id }) => _id),
    reason,
  );
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

/**
 * What follows when a command's decision ended sessions, in whichever process it was committed: sockets are closed and
 * Redis says "over". A process that dies before it is done leaves an answer "lives" of 30 s and a sweep of 15 s.
 */
export const sessionEndings: Projection = {
  of: Sessions as unknown as Projection['of'],
  push: async (docs) => {
    const ended = (docs as unknown as readonly SessionRow[]).filter(({ revokedAt }) => revokedAt);
    tell(ended);
    await buryAll(ended.map(({ _id }) => _id));
  },
  onTakeover: async () => await Promise.resolve(),
  onRestore: async () => await Promise.resolve(),
};
