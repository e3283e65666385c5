// Who may read which feed: asked by the socket door and by its HTTP twin alike.
import type { Caller } from '#src/platform/http/route.ts';
import { mayReadInstance } from '#src/services/state-machine/index.ts';
import { isInTeam } from '#src/services/venture/index.ts';

/** True where the caller may follow the feed. Unknown kinds of feeds are nobody's. */
export async function mayReadFeed(caller: Caller, feed: string): Promise<boolean> {
  const [kind, ...rest] = feed.split('.');
  if (kind === 'platform' && rest.length === 0) {
    return true;
  }
  if (caller.can('feed.read.any')) {
    return true;
  }
  if (kind === 'user') {
    return rest.join('.') === caller.userId;
  }
  if (kind === 'venture') {
    return await isInTeam(rest.join('.'), caller.userId);
  }
  if (kind === 'machine') {
    const [type, ...id] = rest;
    return mayReadInstance(caller, type ?? '', id.join('.'));
  }
  return false;
}
