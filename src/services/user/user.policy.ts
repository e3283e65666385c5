// Who may see and give what of accounts. Pure.
import type { Caller } from '#src/platform/http/route.ts';

/** True where the caller may change what a user says of themselves: nobody changes what they may not see. */
export function canUpdate(caller: Caller, userId: string): boolean {
  return caller.userId === userId || (caller.can('user.update.any') && caller.can('user.read.any'));
}
