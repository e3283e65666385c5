// What of a person's things is shown to whom. Pure: one rule for portfolio items, skills and what they did.
import { userProblems } from '../user.errors.ts';

/** For whom a thing is: everybody, everybody who is logged in, the owner's connections, the owner alone. */
export const levels = ['public', 'members', 'connections', 'private'] as const;

/** One of the levels. */
export type Level = (typeof levels)[number];

/** How somebody who looks stands to the owner. Who is blocked, in either direction, sees nothing and is none of these. */
export type Relation = 'self' | 'connection' | 'member' | 'anonymous';

const widest: Readonly<Record<Relation, number>> = { anonymous: 0, member: 1, connection: 2, self: 3 };

/** True where a thing of this level is shown to somebody who stands so to its owner. */
export function mayShow(level: Level, relation: Relation): boolean {
  return levels.indexOf(level) <= widest[relation];
}

/** Lets nobody but the owner go on; for everybody else there is nothing to change. @throws user.not-found */
export function ownedBy(caller: { readonly userId: string }, userId: string): void {
  if (caller.userId !== userId) {
    throw userProblems.notFound(`There is no user ${userId} whose things you may change`);
  }
}
