// Finds people by name, skill and place. Every member of the question has an index that also gives the order, so that a
// page is read and no more.
import { limits } from '#config/limits.ts';
import { problems } from '#src/platform/errors.ts';
import { canonicalJson, sha256 } from '#src/platform/ids.ts';
import { decodeCursor, encodeCursor, toPage, type Page } from '#src/platform/http/cursor.ts';
import type { Caller } from '#src/platform/http/route.ts';
import { blockedPeers, standingWith } from '../connections/connections.queries.ts';
import { relationOf } from '../showing/showing.policy.ts';
import { slugOf } from '../skills/skills.policy.ts';
import { Users } from '../user.model.ts';
import { presentUser } from '../user.presenter.ts';
import type { ListUsers, UserView } from '../user.schema.ts';
import { askedPrefixes, countryKeyOf, namePrefixesOf, placeKeyOf, placePrefixesOf } from './search.policy.ts';

interface ListCursor {
  /** Digest of the question and of who asked it. */
  readonly list: string;
  readonly nameKey: string;
  readonly id: string;
}

/**
 * People by name: `q` is words, each the beginning of a word of the name, or, for those who may read anybody's, a whole
 * e-mail address; `skill` is a slug or whatever has it (`Node.js`); `place` is words, each the beginning of one of the
 * place. Left out are those whom a block stands between, suspended accounts, and who does not want to be found;
 * who may read anybody sees them too. Errors: request.invalid for a cursor of another list.
 */
export async function findUsers(query: ListUsers, caller: Caller): Promise<Page<UserView>> {
  const { limit, cursor, ...question } = query;
  const list = sha256(canonicalJson({ ...question, caller: caller.userId }));
  const after = cursor === undefined ? null : (decodeCursor('users', cursor) as ListCursor);
  if (after && after.list !== list) {
    throw problems.invalid('The cursor belongs to another search; leave it out to begin again', {
      errors: [{ pointer: '/query/cursor', code: 'cursor', detail: 'Not a cursor of this search' }],
    });
  }
  const rows = await Users.native()
    .find({ $and: [...matching(question, caller), await open(caller), beyond(after)] }, { maxTimeMS: limits.mongoMs })
    .sort({ nameKey: 1, _id: 1 })
    .limit(limit + 1)
    .toArray();
  const standing = await standingWith(
    caller.userId,
    rows.map(({ _id }) => _id),
  );
  const { data, page } = toPage(
    rows,
    limit,
    (row) => ({ row, relation: relationOf(caller, row, standing.get(row._id)) }),
    (row) => encodeCursor('users', { list, nameKey: row.nameKey, id: row._id } satisfies ListCursor),
  );
  // Whoever became nobody to the caller since the rows were read is left out.
  return { data: data.flatMap(({ row, relation }) => (relation ? [presentUser(row, relation)] : [])), page };
}

/** What was asked for, as conditions that all must hold. Nothing of what people type is ever a pattern. */
function matching({ q, skill, place, country }: Omit<ListUsers, 'limit' | 'cursor'>, caller: Caller): object[] {
  const named =
    q?.includes('@') && caller.can('user.read.any')
      ? [{ email: q.toLowerCase() }]
      : askedPrefixes(q ?? '').map((prefix) => ({ namePrefixes: prefix }));
  return [
    ...named,
    ...(skill === undefined ? [] : [{ skillSlugs: slugOf(skill) }]),
    ...askedPrefixes(placeKeyOf(place ?? '')).map((prefix) => ({ placePrefixes: prefix })),
    ...(country === undefined ? [] : [{ placePrefixes: countryKeyOf(country) }]),
  ];
}

/** Who may be found by the caller: themselves, and, unless they may read anybody, whoever wants to be found. */
async function open(caller: Caller): Promise<object> {
  if (caller.can('user.read.any')) {
    return {};
  }
  const hidden = await blockedPeers(caller.userId);
  return {
    $or: [
      { _id: caller.userId },
      { 'settings.searchable': { $ne: false }, status: { $in: [null, 'active'] }, deletion: null },
    ],
    ...(hidden.length === 0 ? {} : { _id: { $nin: hidden } }),
  };
}

function beyond(after: ListCursor | null): object {
  return after
    ? { $or: [{ nameKey: { $gt: after.nameKey } }, { nameKey: after.nameKey, _id: { $gt: after.id } }] }
    : {};
}

/**
 * Part of the migration step: makes accounts found that are older than the words of names and places. Repeatable; an account that
 * changes meanwhile is left to the next start.
 */
export async function fillNamePrefixes(): Promise<void> {
  const users = Users.native();
  // Over all accounts, before anything serves: it takes as long as it takes.
  const whole = { maxTimeMS: 0 };
  for await (const { _id, name, rev } of users.find({ namePrefixes: { $exists: false } }, whole)) {
    await users.updateOne({ _id, rev }, { $set: { namePrefixes: namePrefixesOf(name) }, $inc: { rev: 1 } });
  }
  const placed = { 'profile.location': { $exists: true }, placePrefixes: { $exists: false } };
  for await (const { _id, rev, ...user } of users.find(placed, whole)) {
    await users.updateOne({ _id, rev }, { $set: { placePrefixes: placePrefixesOf(user) }, $inc: { rev: 1 } });
  }
}
