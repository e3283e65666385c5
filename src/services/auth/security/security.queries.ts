// Reads of security events.
import { limits } from '#config/limits.ts';
import { decodeCursor, encodeCursor, toPage, type Page } from '#src/platform/http/cursor.ts';
import { SecurityEvents } from './security.model.ts';
import { presentSecurityEvent } from './security.presenter.ts';
import type { SecurityEventView } from './security.schema.ts';

/**
 * A user's security events, the newest first. Errors: request.invalid for a cursor of another list.
 */
export async function securityEventsOf(
  userId: string,
  page: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<Page<SecurityEventView>> {
  const purpose = `security-events.${userId}`;
  const before = page.cursor === undefined ? null : (decodeCursor(purpose, page.cursor) as string);
  const rows = await SecurityEvents.native()
    .find({ userId, ...(before === null ? {} : { _id: { $lt: before } }) }, { maxTimeMS: limits.mongoMs })
    .sort({ _id: -1 })
    .limit(page.limit + 1)
    .toArray();
  return toPage(rows, page.limit, presentSecurityEvent, ({ _id }) => encodeCursor(purpose, _id));
}
