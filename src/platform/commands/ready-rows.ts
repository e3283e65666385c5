// Which rows may be done now. Most were never put off; they are found apart from those whose time has come, so that
// neither look passes by the rows for later, however many these are.
import type { mongo } from 'mongoose';
import type { Place } from './lookout.ts';
import { atOnce, Work, type WorkRow } from './work.ts';

/** Where rows wait for an owner. */
export const workPlace: Place = {
  in: Work.name,
  waits: (shards, now) => ({ shard: { $in: shards }, state: 'new', notBefore: { $lte: now } }),
};

/** A look for rows: it goes along the index of new rows, in its order. */
export interface Look {
  readonly filter: mongo.Filter<WorkRow>;
  readonly sort: mongo.Sort;
}

/** The look for rows of these shards that were never put off and that `further` lets through. */
export function lookForNeverPutOff(shards: readonly string[], further: mongo.Filter<WorkRow> = {}): Look {
  return { filter: { ...further, shard: { $in: [...shards] }, state: 'new', notBefore: atOnce }, sort: { _id: 1 } };
}

/** The look for those that were put off and whose time has come, the longest due first. */
export function lookForDue(shards: readonly string[], now: Date, further: mongo.Filter<WorkRow> = {}): Look {
  const notBefore = { $gt: atOnce, $lte: now };
  return {
    filter: { ...further, shard: { $in: [...shards] }, state: 'new', notBefore },
    sort: { notBefore: 1, _id: 1 },
  };
}

/** The oldest rows of these shards that may be done now and that `further` lets through, at most `limit`, in order. */
export async function readyRows(
  shards: readonly string[],
  now: Date,
  limit: number,
  further: mongo.Filter<WorkRow> = {},
): Promise<WorkRow[]> {
  const [never, due] = await Promise.all([
    neverPutOff(shards, limit, further),
    rowsOf(lookForDue(shards, now, further), limit),
  ]);
  return due.length === 0 ? never : inOrder([...never, ...due]).slice(0, limit);
}

/** The same of the rows that were never put off: half the cost, for a pass that is followed by another one soon. */
export async function neverPutOff(
  shards: readonly string[],
  limit: number,
  further: mongo.Filter<WorkRow> = {},
): Promise<WorkRow[]> {
  return await rowsOf(lookForNeverPutOff(shards, further), limit);
}

async function rowsOf({ filter, sort }: Look, limit: number): Promise<WorkRow[]> {
  return await Work.native().find(filter, { sort, limit }).toArray();
}

/** In the order they were accepted. */
export function inOrder(rows: readonly WorkRow[]): WorkRow[] {
  return rows.toSorted((one, other) => (one._id < other._id ? -1 : 1));
}
