// What follows from a change of how one logs in: its owner, who may be the one person who did not do it, is told.
import type { Command } from '#src/platform/commands/command.ts';
import { securityNotice } from '../security/security.commands.ts';
import type { SecurityKind } from '../security/security.model.ts';
import type { Act } from '../auth.schema.ts';

/** The parts of a decision that tell of a change; `decide` adds them to its own. */
export function noticed(
  kind: SecurityKind,
  { userId, email, name, ip, userAgent, sessionId }: Act,
  command: Pick<Command, 'id'>,
  now: Date,
): ReturnType<typeof securityNotice> {
  return securityNotice({ id: userId, email, name }, { kind, at: now, ip, userAgent, sessionId }, command.id);
}
