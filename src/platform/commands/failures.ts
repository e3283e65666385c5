// Rows that could not be done: an attempt is counted for each, and after the last one it is a dead letter. Called by the
// committer, inside its transaction.
import type { mongo } from 'mongoose';
import { leases } from '#config/pools.ts';
import { problems } from '../errors.ts';
import { logFor } from '../log.ts';
import { countFailures } from '../metrics/metrics.ts';
import { settledFields, type Failure, type Settlement } from './plan.ts';
import { DeadLetters, Work } from './work.ts';

const log = logFor('committer');

/** What the caller of a row that gave up is told. */
export function deadSettlement({ row }: Failure): Settlement {
  return { row, state: 'dead', problem: problems.gaveUp().problem };
}

/**
 * Counts an attempt for each failed row; those of `dead` have had them all and become dead letters. Rows of `unwritten`
 * are written by it.
 */
export async function recordFailures(
  session: mongo.ClientSession,
  failures: readonly Failure[],
  dead: readonly Failure[],
  unwritten: ReadonlySet<string>,
  now: Date,
): Promise<void> {
  const given = new Set(dead);
  await Work.native().bulkWrite(
    failures.map((failure) => {
      const { row, error, retryAt } = failure;
      const settled = given.has(failure) ? settledFields(deadSettlement(failure), now) : {};
      const notBefore = retryAt ?? new Date(now.getTime() + leases.retryMs * 2 ** row.attempts);
      const fields = { error: error.message.slice(0, 1_000), notBefore, ...settled };
      return unwritten.has(row._id)
        ? { insertOne: { document: { ...row, ...fields, attempts: row.attempts + 1 } } }
        : {
            updateOne: {
              filter: { _id: row._id, state: 'new' as const },
              update: { $set: fields, $inc: { attempts: 1 } },
            },
          };
    }),
    { session },
  );
  if (dead.length > 0) {
    await DeadLetters.native().bulkWrite(
      dead.map((failure) => deadLetterWrite(failure, now)),
      { session },
    );
  }
}

function deadLetterWrite({ row, error }: Failure, now: Date) {
  return {
    updateOne: {
      filter: { _id: row._id },
      update: {
        $set: {
          kind: row.kind,
          shard: row.shard,
          key: row.key,
          error: error.message.slice(0, 1_000),
          attempts: row.attempts + 1,
          requestId: row.requestId,
          acceptedAt: row.acceptedAt,
          deadAt: now,
          redrivenAt: null,
          expireAt: null,
        },
        $setOnInsert: { redrives: 0 },
      },
      upsert: true,
    },
  };
}

/** Says in the log which commands failed and which gave up. */
export function reportFailures(failures: readonly Failure[], dead: readonly Failure[]): void {
  countFailures(failures);
  for (const { row, error } of failures) {
    log.warn({ id: row._id, kind: row.kind, requestId: row.requestId, err: error }, 'A command failed');
  }
  for (const { row } of dead) {
    log.error({ id: row._id, kind: row.kind, requestId: row.requestId }, 'A command gave up: see /api/dead-letters');
  }
}
