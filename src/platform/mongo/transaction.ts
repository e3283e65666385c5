// One transaction: start, body, commit; and what an error of MongoDB means for who tries again.
import { setTimeout as delay } from 'node:timers/promises';
import { mongo } from 'mongoose';

/** Codes of passing faults: conflicts, time-outs, elections, a session that a successor ended. */
const transientCodes = new Set([
  6, 7, 24, 50, 89, 91, 112, 189, 225, 251, 262, 263, 9001, 10_058, 10_107, 11_600, 11_601, 11_602, 13_435, 13_436,
]);

/** True for a fault that passes by itself: the same thing may be tried again, from a fresh read. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof mongo.MongoError)) {
    return false;
  }
  return (
    error.hasErrorLabel('TransientTransactionError') ||
    error.hasErrorLabel('RetryableWriteError') ||
    error.hasErrorLabel('UnknownTransactionCommitResult') ||
    error instanceof mongo.MongoNetworkError ||
    error instanceof mongo.MongoServerSelectionError ||
    error instanceof mongo.MongoNotConnectedError ||
    error instanceof mongo.MongoExpiredSessionError ||
    transientCodes.has(Number(error.code)) ||
    // A bulk write wraps what broke it.
    (error instanceof mongo.MongoBulkWriteError && isTransient(error.errorResponse))
  );
}

/** True for a command that MongoDB gave up because it took longer than it was allowed to (`maxTimeMS`). */
export function isTooSlow(error: unknown): boolean {
  return error instanceof mongo.MongoError && Number(error.code) === 50;
}

/** The collection whose unique index refused a write, or null where the error is another one. */
export function duplicateIn(error: unknown): string | null {
  if (!(error instanceof mongo.MongoError) || error.code !== 11_000) {
    return null;
  }
  return /collection: [^.\s]+\.(\S+) index/u.exec(error.message)?.[1] ?? 'unknown';
}

/**
 * Runs `body` in one transaction of `session`, durable on a majority. Any error has aborted it, except a commit
 * whose result stays unknown (isTransient): then the caller looks at what is there before it does anything.
 */
export async function inTransaction(session: mongo.ClientSession, body: () => Promise<void>): Promise<void> {
  session.startTransaction({ writeConcern: { w: 'majority', journal: true } });
  try {
    await body();
  } catch (error) {
    await session.abortTransaction().catch(() => undefined);
    throw error;
  }
  await commit(session);
}

/**
 * `inTransaction`, from the beginning again after a conflict or another fault that passes. For bodies that read in it
 * what they write, so that each try sees what is there then, and a commit that went through unheard finds it done.
 */
export async function inTransactionAgain(
  session: mongo.ClientSession,
  body: () => Promise<void>,
  tries = 6,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await inTransaction(session, body);
      return;
    } catch (error) {
      if (attempt === tries || !isTransient(error)) {
        throw error;
      }
      await delay(Math.random() * 5 * 2 ** attempt);
    }
  }
}

async function commit(session: mongo.ClientSession): Promise<void> {
  try {
    await session.commitTransaction();
  } catch (error) {
    // Committing again is the same commit: it either finds it done or finishes it.
    if (error instanceof mongo.MongoError && error.hasErrorLabel('UnknownTransactionCommitResult')) {
      await session.commitTransaction();
      return;
    }
    throw error;
  }
}
