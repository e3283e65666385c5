// What of a person is shown to whom. Pure: the one rule of profiles, lists, search, skills, portfolios and what people did.
import { z } from 'zod';
import type { Caller } from '#src/platform/http/route.ts';
import { userProblems } from '../user.errors.ts';

/**
 * For whom something is: everybody, everybody who is logged in, the owner's connections, the owner alone. `public` is for
 * pages without a login once there are any: no path of this version shows a person to somebody without one.
 */
export const levels = ['public', 'members', 'connections', 'private'] as const;

/** One of the levels, as inputs name it. */
export const level = z.enum(levels);
export type Level = (typeof levels)[number];

/** What of an account says whether it is in use. */
interface Account {
  readonly _id: string;
  readonly status?: 'active' | 'suspended' | 'erased';
  readonly deletion?: object;
}

/** True where the account is in use: nobody logs into another one, and others do not find it. */
export function isActive({ status }: Pick<Account, 'status'>): boolean {
  return (status ?? 'active') === 'active';
}

/** True where others may find the account: it is in use, and not about to be deleted. */
export function isShown(user: Pick<Account, 'status' | 'deletion'>): boolean {
  return isActive(user) && user.deletion === undefined;
}

/** How somebody who looks stands to a person. `overseer` may read anybody. To whom one is nobody, none of these holds. */
export type Relation = 'self' | 'overseer' | 'connection' | 'member' | 'anonymous';

const widest: Readonly<Record<Relation, number>> = { anonymous: 0, member: 1, connection: 2, overseer: 3, self: 3 };

/** True where something of this level is shown to somebody who stands so. */
export function mayShow(of: Level, relation: Relation): boolean {
  return levels.indexOf(of) <= widest[relation];
}

/** True where somebody who stands so sees all there is, and for whom each part of it is. */
export function seesAll(relation: Relation): boolean {
  return relation === 'self' || relation === 'overseer';
}

/**
 * How a caller stands to a person, by what stands between the two. Null: there is nobody, because of a block, or because
 * the account is suspended or about to go. Single reads and lists ask this alike.
 */
export function relationOf(
  caller: Pick<Caller, 'userId' | 'can'>,
  user: Account,
  standing: { readonly connected: boolean; readonly blocked: boolean } | undefined,
): Relation | null {
  if (caller.userId === user._id) {
    return 'self';
  }
  if (caller.can('user.read.any')) {
    return 'overseer';
  }
  if (standing?.blocked || !isShown(user)) {
    return null;
  }
  return standing?.connected ? 'connection' : 'member';
}

/** Lets nobody but the owner go on; for everybody else there is nothing to change. @throws user.not-found */
export function ownedBy(caller: { readonly userId: string }, userId: string): void {
  if (caller.userId !== userId) {
    throw userProblems.notFound(`There is no user ${userId} whose things you may change`);
  }
}
