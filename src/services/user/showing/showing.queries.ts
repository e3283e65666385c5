// How a caller stands to somebody whose things they ask for.
import { limits } from '#config/limits.ts';
import type { Caller } from '#src/platform/http/route.ts';
import { Connections } from '../connections/connections.model.ts';
import { standingBetween } from '../connections/connections.queries.ts';
import { userProblems } from '../user.errors.ts';
import { isShown, type User } from '../user.model.ts';
import { findUser } from '../user.queries.ts';
import type { Relation } from './showing.policy.ts';

const bounded = { maxTimeMS: limits.mongoMs };

/** Somebody, and how the caller stands to them. */
export interface Seen {
  readonly user: User;
  readonly relation: Relation;
}

/**
 * The person a path names, as the caller may see them. Blocked people find nobody, in either direction, and nobody finds
 * an account that is suspended or about to go; those who may read anybody are not held up by that. @throws user.not-found
 */
export async function seenBy(caller: Caller, userId: string): Promise<Seen> {
  const own = caller.userId === userId;
  const [user, standing] = await Promise.all([findUser(userId), own ? null : standingBetween(caller.userId, userId)]);
  const hidden = standing?.blocked === true || (user !== null && !isShown(user));
  if (!user || (!own && hidden && !caller.can('user.read.any'))) {
    throw userProblems.notFound(`There is no user ${userId}`);
  }
  if (own) {
    return { user, relation: 'self' };
  }
  return { user, relation: standing?.connected ? 'connection' : 'member' };
}

/** Those between whom and somebody a block stands, whoever of the two set it. */
export async function blockedPeers(userId: string): Promise<string[]> {
  const pairs = await Connections.native()
    .find({ members: userId, 'blockedBy.0': { $exists: true } }, { ...bounded, projection: { members: 1 } })
    .toArray();
  return pairs.flatMap(({ members }) => members.filter((member) => member !== userId));
}
