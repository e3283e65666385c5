// Which rows may be done now. Most were never put off; they are found apart from those whose time has come, so that
// neither look passes by the rows for later, however many these are.
import type { mongo } from 'mongoose';
import { atOnce, Work, type WorkRow } from './work.ts';

/** The oldest rows of these shards that may be done now and that `further` lets through, at most `limit`, in order. */
export async function readyRows(
  shards: Iterable<string>,
  now: Date,
  limit: number,
  further: mongo.Filter<WorkRow> = {},
): Promise<WorkRow[]> {
  const asked = [...shards];
  const filter = { ...further, shard: { $in: asked }, state: 'new' as const, notBefore: { $gt: atOnce, $lte: now } };
  const [never, due] = await Promise.all([
    neverPutOff(asked, limit, further),
    Work.native()
      .find(filter, { sort: { notBefore: 1, _id: 1 }, limit })
      .toArray(),
  ]);
  return due.length === 0 ? never : inOrder([...never, ...due]).slice(0, limit);
}

/** The same of the rows that were never put off: half the cost, for a pass that is followed by another one soon. */
export async function neverPutOff(
  shards: Iterable<string>,
  limit: number,
  further: mongo.Filter<WorkRow> = {},
): Promise<WorkRow[]> {
  return await Work.native()
    .find({ ...further, shard: { $in: [...shards] }, state: 'new', notBefore: atOnce }, { sort: { _id: 1 }, limit })
    .toArray();
}

/** In the order they were accepted. */
export function inOrder(rows: readonly WorkRow[]): WorkRow[] {
  return rows.toSorted((one, other) => (one._id < other._id ? -1 : 1));
}
