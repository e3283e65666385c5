// Reads of sessions.
import { sessionCounts } from '#config/auth.ts';
import { limits } from '#config/limits.ts';
import { Sessions } from '#src/platform/auth/session.model.ts';
import { decodeCursor, encodeCursor, toPage, type Page } from '#src/platform/http/cursor.ts';
import { presentSession } from './sessions.presenter.ts';
import type { SessionView } from './sessions.schema.ts';

const living = (userId: string) => ({ userId, revokedAt: { $exists: false }, expiresAt: { $gt: new Date() } });
const bounded = { maxTimeMS: limits.mongoMs, readConcern: { level: 'majority' as const } };

/** The living sessions of a user, the newest first. Errors: request.invalid for a cursor of another list. */
export async function sessionsOf(
  caller: { readonly userId: string; readonly sessionId: string },
  page: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<Page<SessionView>> {
  const purpose = `sessions.${caller.userId}`;
  const before = page.cursor === undefined ? null : (decodeCursor(purpose, page.cursor) as string);
  const rows = await Sessions.native()
    .find({ ...living(caller.userId), ...(before === null ? {} : { _id: { $lt: before } }) }, bounded)
    .sort({ _id: -1 })
    .limit(page.limit + 1)
    .toArray();
  return toPage(
    rows,
    page.limit,
    (row) => presentSession(row, caller.sessionId),
    ({ _id }) => encodeCursor(purpose, _id),
  );
}

/** Ids of the living sessions that are more than a user may have: the oldest ones. */
export async function sessionsTooMany(userId: string): Promise<string[]> {
  const rows = await Sessions.native()
    .find(living(userId), bounded)
    .project<{ _id: string }>({ _id: 1 })
    .sort({ _id: -1 })
    .skip(sessionCounts.most)
    .limit(100)
    .toArray();
  return rows.map(({ _id }) => _id);
}

/** True where the session lives and is the user's. */
export async function isOwnSession(userId: string, sessionId: string): Promise<boolean> {
  const row = await Sessions.native().findOne({ ...living(userId), _id: sessionId }, bounded);
  return row !== null;
}
