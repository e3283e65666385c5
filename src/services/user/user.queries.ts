// Reads of accounts.
import type { Reader, State } from '#src/platform/commands/command.ts';
import { decodeCursor, encodeCursor, toPage, type Page } from '#src/platform/http/cursor.ts';
import type { Caller } from '#src/platform/http/route.ts';
import { limits } from '#config/limits.ts';
import { problems } from '#src/platform/errors.ts';
import { nameKeyOf, Users, type User } from './user.model.ts';
import { presentAccount, presentUser } from './user.presenter.ts';
import type { AccountView, UserView } from './user.schema.ts';

const bounded = { maxTimeMS: limits.mongoMs };

/** The user, or null. */
export async function findUser(id: string): Promise<User | null> {
  return await Users.native().findOne({ _id: id }, bounded);
}

/** The account of an id as its owner sees it, or null. */
export async function findAccount(id: string): Promise<AccountView | null> {
  const user = await findUser(id);
  return user && presentAccount(user);
}

/** The account of an address with the hash its password is checked with, or null. */
export async function findCredential(
  email: string,
): Promise<{ readonly account: AccountView; readonly passwordHash: string | undefined } | null> {
  const user = await Users.native().findOne({ email: email.trim().toLowerCase() }, bounded);
  return user && { account: presentAccount(user), passwordHash: user.passwordHash };
}

/** The roles of a user, or null where there is no such user. */
export async function rolesOfUser(id: string): Promise<readonly string[] | null> {
  const user = await Users.native().findOne({ _id: id }, { ...bounded, projection: { roles: 1 } });
  return user && user.roles;
}

/** True where somebody has the role. */
export async function someoneHasRole(role: string): Promise<boolean> {
  return (await Users.native().findOne({ roles: role }, { ...bounded, projection: { _id: 1 } })) !== null;
}

/** The names of users by id; ids of nobody are left out. For the queries of other services. */
export async function namesOf(ids: Iterable<string>): Promise<Map<string, string>> {
  const rows = await Users.native()
    .find({ _id: { $in: [...new Set(ids)] } }, bounded)
    .project<Pick<User, '_id' | 'name'>>({ name: 1 })
    .toArray();
  return new Map(rows.map((row) => [row._id, row.name]));
}

/** Reads users into a command's state: for `load` of other services. */
export async function readUsers(reader: Reader, ids: Iterable<string>): Promise<void> {
  await reader.read(Users, ids);
}

/** A user that `readUsers` read: for `decide` of other services. Null where there is no such user. */
export function userIn(state: State, id: string): { readonly id: string; readonly name: string } | null {
  const user = state.get(Users, id);
  return user && { id: user._id, name: user.name };
}

/** Reads users by their addresses into a command's state: for imports of other services. */
export async function readUsersByEmail(reader: Reader, emails: Iterable<string>): Promise<void> {
  await reader.readBy(Users, 'email', emails);
}

/** A user whose address `readUsersByEmail` read. Null where nobody has it. */
export function userByEmail(state: State, email: string): { readonly id: string } | null {
  const user = state.getBy(Users, 'email', email);
  return user && { id: user._id };
}

interface ListCursor {
  readonly q: string | null;
  readonly nameKey: string;
  readonly id: string;
}

/**
 * Users by name. `q` is the beginning of a name, or, for those who may read anybody's, a whole e-mail address.
 * Errors: request.invalid for a cursor of another list.
 */
export async function findUsers(
  query: { q?: string | undefined; limit: number; cursor?: string | undefined },
  caller: Caller,
): Promise<Page<UserView>> {
  const q = query.q ?? null;
  const after = query.cursor === undefined ? null : (decodeCursor('users', query.cursor) as ListCursor);
  if (after && after.q !== q) {
    throw problems.invalid('The cursor belongs to another search; leave it out to begin again', {
      errors: [{ pointer: '/query/cursor', code: 'cursor', detail: 'Not a cursor of this search' }],
    });
  }
  const rows = await Users.native()
    .find({ $and: [matching(q, caller), beyond(after)] }, bounded)
    .sort({ nameKey: 1, _id: 1 })
    .limit(query.limit + 1)
    .toArray();
  return toPage(
    rows,
    query.limit,
    (row) => presentUser(row, caller),
    (row) => encodeCursor('users', { q, nameKey: row.nameKey, id: row._id } satisfies ListCursor),
  );
}

function matching(q: string | null, caller: Caller): object {
  if (q === null) {
    return {};
  }
  if (q.includes('@') && caller.can('user.read.any')) {
    return { email: q.toLowerCase() };
  }
  const begin = nameKeyOf(q);
  // A range on the index: nothing of what people type is ever a pattern.
  return { nameKey: { $gte: begin, $lt: `${begin}\u{10FFFF}` } };
}

function beyond(after: ListCursor | null): object {
  return after
    ? { $or: [{ nameKey: { $gt: after.nameKey } }, { nameKey: after.nameKey, _id: { $gt: after.id } }] }
    : {};
}
