// Who may read which feed: asked by the socket door, again whenever somebody's rights change, and by its HTTP twin.
import type { Caller } from '#src/platform/http/route.ts';
import { mayReadInstance } from '#src/services/state-machine/index.ts';
import { isInTeam } from '#src/services/venture/index.ts';

/** Answers for the feeds of one kind; `id` is the feed's name without its kind. */
type Rule = (caller: Caller, id: string) => boolean | Promise<boolean>;

/** `machine.<type>.<id>`. */
async function ofMachine(caller: Caller, id: string): Promise<boolean> {
  const [type = '', ...key] = id.split('.');
  return await mayReadInstance(caller, type, key.join('.'));
}

/**
 * Every kind of feed, the first word of its name, with who may be in its room. A kind is added here, with the question
 * its service answers at its front door; the answer must be that of the thing's own read.
 */
const kinds: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['platform', (_caller, id) => id === ''],
  ['user', (caller, id) => id === caller.userId],
  ['venture', async (caller, id) => await isInTeam(id, caller.userId)],
  ['machine', ofMachine],
]);

/** True where the caller may follow the feed. Unknown kinds of feeds are nobody's but those who may read any. */
export async function mayReadFeed(caller: Caller, feed: string): Promise<boolean> {
  const [kind = '', ...rest] = feed.split('.');
  const rule = kinds.get(kind);
  return ((await rule?.(caller, rest.join('.'))) ?? false) || caller.can('feed.read.any');
}
