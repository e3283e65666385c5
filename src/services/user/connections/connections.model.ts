// What stands between two people: one document for each pair.
import { defineCollection } from '#src/platform/mongo/collection.ts';

/** Where a pair stands. */
export const connectionStates = ['pending', 'connected', 'declined', 'withdrawn', 'removed'] as const;

/** A pair of people. */
export interface Connection {
  /** `<smaller id>.<greater id>` */
  readonly _id: string;
  readonly members: readonly [string, string];
  /** Who asked last. */
  readonly requester: string;
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
    state: String,
    blockedBy: [String],
    createdAt: Date,
    updatedAt: Date,
    rev: Number,
  },
  [{ key: { members: 1, state: 1, _id: 1 } }],
);

/** The id of a pair's document. */
export function pairOf(one: string, other: string): string {
  return one < other ? `${one}.${other}` : `${other}.${one}`;
}

/** True where two people are connected and neither has blocked the other. */
export function isConnected(connection: Connection | null): boolean {
  return connection !== null && connection.state === 'connected' && connection.blockedBy.length === 0;
}
