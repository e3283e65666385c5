// Which row stands for a request: its own, once that is written, or the first one under its Idempotency-Key. Asked by
// `accept` about rows it could not insert, and by owners about rows they are to insert.
import type { mongo } from 'mongoose';
import { groupBy } from '../group-by.ts';
import { Work, type WorkRow } from './work.ts';

/** The written rows that stand for these rows, by the id of the row that was asked about. */
export async function standingRows(
  rows: readonly WorkRow[],
  options: mongo.FindOptions = {},
): Promise<Map<string, WorkRow>> {
  const keyed = rows.filter(({ idempotencyKey }) => idempotencyKey !== undefined);
  const keys = [...groupBy(keyed, ({ actor, kind }) => `${actor} ${kind}`).values()].map((group) => ({
    actor: group[0]?.actor ?? '',
    kind: group[0]?.kind ?? '',
    idempotencyKey: { $in: group.flatMap(({ idempotencyKey }) => idempotencyKey ?? []) },
  }));
  const found = await Work.native()
    .find({ $or: [{ _id: { $in: rows.map(({ _id }) => _id) } }, ...keys] }, options)
    .toArray();
  const byId = new Map(found.map((row) => [row._id, row]));
  const byKey = new Map(found.map((row) => [keyOf(row), row]));
  return new Map(
    rows.flatMap((row) => {
      const standing = byId.get(row._id) ?? (row.idempotencyKey === undefined ? undefined : byKey.get(keyOf(row)));
      return standing ? [[row._id, standing] as const] : [];
    }),
  );
}

/** What two requests have in common of which the second is a repeat of the first. */
export function keyOf({ _id, actor, kind, idempotencyKey }: WorkRow): string {
  return idempotencyKey === undefined ? _id : `${actor} ${kind} ${idempotencyKey}`;
}
