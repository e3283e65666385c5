// Who somebody is to a caller: the one way to find the person a path names, and the names in lists.
import { limits } from '#config/limits.ts';
import type { Caller } from '#src/platform/http/route.ts';
import { standingBetween, standingWith } from '../connections/connections.queries.ts';
import { userProblems } from '../user.errors.ts';
import { Users, type User } from '../user.model.ts';
import { relationOf, type Relation } from './showing.policy.ts';

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
export async function seenUser(caller: Caller, id: string): Promise<Seen> {
  const [user, standing] = await Promise.all([
    Users.native().findOne({ _id: id }, bounded),
    caller.userId === id ? undefined : standingBetween(caller.userId, id),
  ]);
  const relation = user && relationOf(caller, user, standing);
  if (!user || !relation) {
    throw userProblems.notFound(`There is no user ${id}`);
  }
  return { user, relation };
}

/**
 * The names of users by id; ids of nobody are left out, and, where it is said who looks, all who are nobody to them. For
 * lists of this service and of others.
 */
export async function namesOf(ids: Iterable<string>, caller?: Caller): Promise<Map<string, string>> {
  const asked = [...new Set(ids)];
  const [rows, standing] = await Promise.all([
    Users.native()
      .find({ _id: { $in: asked } }, bounded)
      .project<Pick<User, '_id' | 'name' | 'status' | 'deletion'>>({ name: 1, status: 1, deletion: 1 })
      .toArray(),
    caller ? standingWith(caller.userId, asked) : undefined,
  ]);
  const shown = rows.filter((row) => !caller || relationOf(caller, row, standing?.get(row._id)) !== null);
  return new Map(shown.map((row) => [row._id, row.name]));
}
