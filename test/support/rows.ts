// Work rows put straight into the database, past every door: for poison and for wrong input. Called by test/e2e.
import type { mongo } from 'mongoose';
import { atOnce, shardFor, type WorkRow } from '#src/platform/commands/work.ts';
import { canonicalJson, newId, sha256 } from '#src/platform/ids.ts';

/** What a row must say; the rest is as the doors make it. */
export interface RowDraft {
  readonly kind: string;
  readonly key: string;
  readonly input: unknown;
  readonly actor?: string;
  readonly idempotencyKey?: string;
}

/** A row of the gamification pool as a door would write it. Ids grow in the order of the calls. */
export function workRowOf({ kind, key, input, actor = 'system', idempotencyKey }: RowDraft): WorkRow {
  const now = new Date();
  return {
    _id: newId(),
    shard: shardFor('gamification', key),
    kind,
    key,
    input,
    actor,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    requestHash: sha256(canonicalJson(input)),
    state: 'new',
    attempts: 0,
    notBefore: atOnce,
    requestId: newId(),
    acceptedAt: now,
  };
}

/** A grant of 3 XP to a person, as a row. */
export function grantRow(userId: string, actor: string, key: string): WorkRow {
  return workRowOf({
    kind: 'gamification.xp.add',
    key: `user.${userId}`,
    input: { userId, amount: 3, reason: key, mayCorrect: false },
    actor,
    idempotencyKey: key,
  });
}

/** Writes the rows at once, so that one owner finds them in one batch. */
export async function insertRows(db: mongo.Db, rows: readonly WorkRow[]): Promise<void> {
  await db.collection<WorkRow>('work').insertMany([...rows], { writeConcern: { w: 'majority' } });
}

/** The rows as they are now, in the order asked for. */
export async function readRows(db: mongo.Db, rows: readonly WorkRow[]): Promise<WorkRow[]> {
  const found = await db
    .collection<WorkRow>('work')
    .find({ _id: { $in: rows.map(({ _id }) => _id) } })
    .sort({ _id: 1 })
    .toArray();
  return rows.flatMap((row) => found.filter(({ _id }) => _id === row._id));
}
