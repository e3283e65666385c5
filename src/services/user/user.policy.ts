// Who may see and give what of accounts. Pure.
import type { Caller } from '#src/platform/http/route.ts';

/** True where the caller may see a user's e-mail address and roles. */
export function canReadPrivate(caller: Caller, userId: string): boolean {
  return caller.userId === userId || caller.can('user.read.any');
}
