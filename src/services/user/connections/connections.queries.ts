// Reads of connections. For other services: who is connected, and who is nobody to whom.
import { limits } from '#config/limits.ts';
import type { Reader, State } from '#src/platform/commands/command.ts';
import { problems } from '#src/platform/errors.ts';
import { decodeCursor, encodeCursor, toPage, type Page } from '#src/platform/http/cursor.ts';
import type { Caller } from '#src/platform/http/route.ts';
import { relationOf } from '../showing/showing.policy.ts';
import { Users, type User } from '../user.model.ts';
import { Connections, isBlocked, isConnected, otherOf, pairOf, type Connection } from './connections.model.ts';
import { presentBlock, presentConnection } from './connections.presenter.ts';
import type { BlockView, ConnectionView, ListConnections } from './connections.schema.ts';

const bounded = { maxTimeMS: limits.mongoMs };

/** What stands between two people. */
export interface Standing {
  readonly connected: boolean;
  /** One of the two has blocked the other: each is nobody to the other. */
  readonly blocked: boolean;
}

const standingOf = (pair: Connection | null): Standing => ({ connected: isConnected(pair), blocked: isBlocked(pair) });

/** What stands between two people. */
export async function standingBetween(one: string, other: string): Promise<Standing> {
  return standingOf(await Connections.native().findOne({ _id: pairOf(one, other) }, bounded));
}

/** What stands between somebody and each of `ids`, by id. */
export async function standingWith(userId: string, ids: readonly string[]): Promise<Map<string, Standing>> {
  const pairs = await Connections.native()
    .find({ _id: { $in: ids.map((id) => pairOf(userId, id)) } }, bounded)
    .toArray();
  return new Map(pairs.map((pair) => [otherOf(pair, userId), standingOf(pair)]));
}

/** True where the two are connected, and neither has blocked the other. */
export async function isConnectedTo(one: string, other: string): Promise<boolean> {
  return (await standingBetween(one, other)).connected;
}

/** True where one of the two has blocked the other. */
export async function blockedBetween(one: string, other: string): Promise<boolean> {
  return (await standingBetween(one, other)).blocked;
}

/** Ids of those between whom and somebody a block stands, whoever of the two placed it. */
export async function blockedPeers(userId: string): Promise<string[]> {
  const pairs = await Connections.native()
    .find({ members: userId, 'blockedBy.0': { $exists: true } }, bounded)
    .project<Pick<Connection, 'members'>>({ members: 1 })
    .toArray();
  return pairs.map((pair) => otherOf(pair, userId));
}

/** Ids of everybody somebody is connected to. */
export async function connectedIds(userId: string): Promise<string[]> {
  const pairs = await Connections.native()
    .find({ members: userId, state: 'connected' }, bounded)
    .project<Pick<Connection, 'members'>>({ members: 1 })
    .toArray();
  return pairs.map((pair) => otherOf(pair, userId));
}

/** Reads what stands between two people into a command's state: for `load` of other areas and services. */
export async function readConnection(reader: Reader, one: string, other: string): Promise<void> {
  await reader.read(Connections, [pairOf(one, other)]);
}

/** What stands between two people that `readConnection` read: for `decide` of other areas and services. */
export function connectionIn(state: State, one: string, other: string): Standing {
  return standingOf(state.get(Connections, pairOf(one, other)));
}

interface ListCursor {
  readonly list: string;
  readonly at: string;
  readonly id: string;
}

/** One page of pairs, the latest change first; `list` names whose list of what it is, and binds the cursor to it. */
async function pageOfPairs<View>(
  list: string,
  filter: object,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
  { viewerId, names: namesOf }: Viewing,
  present: (pair: Connection, viewerId: string, name: string | null) => View,
): Promise<Page<View>> {
  const after = cursor === undefined ? null : (decodeCursor('connections', cursor) as ListCursor);
  if (after && after.list !== list) {
    throw problems.invalid('The cursor belongs to another list; leave it out to begin again', {
      errors: [{ pointer: '/query/cursor', code: 'cursor', detail: 'Not a cursor of this list' }],
    });
  }
  const beyond = after && {
    $or: [{ updatedAt: { $lt: new Date(after.at) } }, { updatedAt: new Date(after.at), _id: { $lt: after.id } }],
  };
  const pairs = await Connections.native()
    .find(beyond ? { $and: [filter, beyond] } : filter, bounded)
    .sort({ updatedAt: -1, _id: -1 })
    .limit(limit + 1)
    .toArray();
  const names = await namesOf(pairs.map((pair) => otherOf(pair, viewerId)));
  return toPage(
    pairs,
    limit,
    (pair) => present(pair, viewerId, names.get(otherOf(pair, viewerId)) ?? null),
    ({ _id, updatedAt }) =>
      encodeCursor('connections', { list, at: updatedAt.toISOString(), id: _id } satisfies ListCursor),
  );
}

/** Whose side of the pairs is shown, and the names the caller may read of the others. */
interface Viewing {
  readonly viewerId: string;
  readonly names: (ids: readonly string[]) => Promise<Map<string, string>>;
}

async function namesFor(ids: readonly string[], isShownTo: (user: User) => boolean): Promise<Map<string, string>> {
  const users = await Users.native()
    .find({ _id: { $in: [...ids] } }, bounded)
    .toArray();
  return new Map(users.filter(isShownTo).map(({ _id, name }) => [_id, name]));
}

/**
 * Somebody's connections of one state, as the caller may see them: whose account is hidden has no name.
 * Errors: request.invalid for a cursor of another list.
 */
export async function findConnections(
  userId: string,
  query: ListConnections,
  caller: Caller,
): Promise<Page<ConnectionView>> {
  const { state, direction } = query;
  const side = direction === undefined ? 'members' : direction === 'incoming' ? 'addressee' : 'requester';
  const filter = { [side]: userId, state, blockedBy: { $size: 0 } };
  // No pair of this list has a block in it.
  const names: Viewing['names'] = async (ids) =>
    await namesFor(ids, (user) => relationOf(caller, user, undefined) !== null);
  return await pageOfPairs(`${userId} ${side} ${state}`, filter, query, { viewerId: userId, names }, presentConnection);
}

/** Whom somebody has blocked, by name: nobody else could tell them whose block to lift. Errors: request.invalid for a cursor of another list. */
export async function findBlocks(
  userId: string,
  query: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<Page<BlockView>> {
  const names: Viewing['names'] = async (ids) => await namesFor(ids, () => true);
  const filter = { blockedBy: userId };
  return await pageOfPairs(`${userId} blocks`, filter, query, { viewerId: userId, names }, presentBlock);
}
