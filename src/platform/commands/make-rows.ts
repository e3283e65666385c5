// Rows that a sweep asks for: made once, however often and by how many processes they are asked for. Called by the sweeps
// of timers, schedules and imports.
import { mongo } from 'mongoose';
import { limits } from '#config/limits.ts';
import { groupBy } from '../group-by.ts';
import { countAccepted, observeTimer } from '../metrics/metrics.ts';
import type { Registry } from '../registry.ts';
import type { WorkDraft } from './command.ts';
import { workRow } from './plan.ts';
import { Work, type WorkRow } from './work.ts';

/** A row that should be there, and the request it follows from. */
export interface WantedRow {
  readonly draft: WorkDraft;
  readonly requestId: string;
  /** When it was due, where it was: how late it is is measured. */
  readonly dueAt?: Date;
}

/** Makes those of the rows that are not there yet, by kind and cause, at most `most`. Returns how many are new. */
export async function makeRows(
  registry: Registry,
  wanted: readonly WantedRow[],
  now: Date,
  most = Number.POSITIVE_INFINITY,
): Promise<number> {
  const known = await knownCauses(wanted);
  const missing = wanted.filter(({ draft }) => !known.has(nameOf(draft.kind, draft.cause))).slice(0, most);
  const rows = missing.map(({ draft, requestId }) => workRow(registry, draft, { requestId }, now));
  if (rows.length === 0) {
    return 0;
  }
  const inserted = await insertNew(rows);
  countAccepted(rows.slice(0, inserted));
  missing.forEach(({ dueAt }) => dueAt && observeTimer(now.getTime() - dueAt.getTime()));
  return inserted;
}

const nameOf = (kind: string, cause: string): string => `${kind} ${cause}`;

async function knownCauses(wanted: readonly WantedRow[]): Promise<Set<string>> {
  const known = new Set<string>();
  for (const [kind, group] of groupBy(wanted, ({ draft }) => draft.kind)) {
    const causes = group.map(({ draft }) => draft.cause);
    const rows = await Work.native()
      .find(
        { actor: 'system', kind, idempotencyKey: { $in: causes } },
        { projection: { idempotencyKey: 1 }, maxTimeMS: limits.mongoMs },
      )
      .toArray();
    rows.forEach((row) => known.add(nameOf(kind, row.idempotencyKey ?? '')));
  }
  return known;
}

/** Inserts rows; those that another process inserted meanwhile are there already. */
async function insertNew(rows: WorkRow[]): Promise<number> {
  try {
    const { insertedCount } = await Work.native().insertMany(rows, { ordered: false });
    return insertedCount;
  } catch (error) {
    if (error instanceof mongo.MongoBulkWriteError && error.code === 11_000) {
      return error.insertedCount;
    }
    throw error;
  }
}
