// Sessions on the wire.
import type { SessionRow } from '#src/platform/auth/session.model.ts';
import { deviceOf } from '../security/security.policy.ts';
import type { SessionView } from './sessions.schema.ts';

/** A session as its owner sees it; `current` is the id of the one that asks. */
export function presentSession(row: SessionRow, current: string): SessionView {
  return {
    id: row._id,
    device: deviceOf(row.userAgent),
    ip: row.ip,
    createdAt: row.createdAt.toISOString(),
    lastSeenAt: row.lastSeenAt.toISOString(),
    expiresAt: row.expiresAt.toISOString(),
    current: row._id === current,
  };
}
