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
  options: mongo.FindOptions = {},
): Promise<WorkRow[]> {
  const undone = { ...further, shard: { $in: [...shards] }, state: 'new' as const };
  const [neverPutOff, due] = await Promise.all([
    Work.native()
      .find({ ...undone, notBefore: atOnce }, { ...options, sort: { _id: 1 }, limit })
      .toArray(),
    Work.native()
      .find({ ...undone, notBefore: { $gt: atOnce, $lte: now } }, { ...options, sort: { notBefore: 1, _id: 1 }, limit })
      .toArray(),
  ]);
  return due.length === 0 ? neverPutOff : inOrder([...neverPutOff, ...due]).slice(0, limit);
}

/** In the order they were accepted. */
export function inOrder(rows: readonly WorkRow[]): WorkRow[] {
  return rows.toSorted((one, other) => (one._id < other._id ? -1 : 1));
}
