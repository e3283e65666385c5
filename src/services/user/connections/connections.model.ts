// What stands between two people: one document for each pair.
import { defineCollection } from '#src/platform/mongo/collection.ts';

/** Where a pair stands; `none` where there was only ever a block. */
export const connectionStates = ['none', 'pending', 'connected', 'declined', 'withdrawn', 'removed'] as const;

/** A pair of people. */
export interface Connection {
  /** `<smaller id>.<greater id>` */
  readonly _id: string;
  readonly members: readonly [string, string];
  /** Who asked last, and whom; null where nobody ever did. */
  readonly requester: string | null;
  readonly addressee: string | null;
  /** What the last who asked wrote. */
  readonly note: string | null;
  readonly state: (typeof connectionStates)[number];
  /** Who of the two has blocked the other. Wins over the state: blocked people are not connected. */
  readonly blockedBy: readonly string[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly rev: number;
}

/** All pairs that ever had to do with each other. */
export const Connections = defineCollection<Connection>(
  'connections',
  {
    members: [String],
    requester: String,
    addressee: String,
    note: String,
    state: String,
    blockedBy: [String],
    createdAt: Date,
    updatedAt: Date,
    rev: Number,
  },
  [
    { key: { members: 1, state: 1, updatedAt: -1, _id: -1 } },
    { key: { requester: 1, state: 1, updatedAt: -1, _id: -1 } },
    { key: { addressee: 1, state: 1, updatedAt: -1, _id: -1 } },
    { key: { blockedBy: 1, updatedAt: -1, _id: -1 } },
    { key: { members: 1 }, partialFilterExpression: { 'blockedBy.0': { $exists: true } } },
  ],
);

/** The id of a pair's document. */
export function pairOf(one: string, other: string): string {
  return one < other ? `${one}.${other}` : `${other}.${one}`;
}

/** A pair that never had to do with each other, as it is before its first act. */
export function newPair(one: string, other: string, now: Date): Connection {
  return {
    _id: pairOf(one, other),
    members: one < other ? [one, other] : [other, one],
    requester: null,
    addressee: null,
    note: null,
    state: 'none',
    blockedBy: [],
    createdAt: now,
    updatedAt: now,
    rev: 0,
  };
}

/** The other one of a pair. */
export function otherOf({ members }: Pick<Connection, 'members'>, userId: string): string {
  return members[0] === userId ? members[1] : members[0];
}

/** True where two people are connected and neither has blocked the other. */
export function isConnected(connection: Connection | null): boolean {
  return connection !== null && connection.state === 'connected' && connection.blockedBy.length === 0;
}

/** True where one of the two has blocked the other: then each is nobody to the other. */
export function isBlocked(connection: Connection | null): boolean {
  return connection !== null && connection.blockedBy.length > 0;
}
