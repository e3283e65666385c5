// Direct commands: those that write only their own documents need no queue. One short transaction in the calling
// process, guarded by the documents' revisions; reactions and events are rows of it.
import { setTimeout as delay } from 'node:timers/promises';
import mongoose from 'mongoose';
import { limits } from '#config/limits.ts';
import { problems, unavailable, type AppError } from '../errors.ts';
import { refreshReactors } from '../events/reactor.ts';
import { countAccepted, countSettled } from '../metrics/metrics.ts';
import { duplicateIn, inTransaction, isTransient } from '../mongo/transaction.ts';
import { commandOf, type Registry } from '../registry.ts';
import { underRowSpan } from '../tracing/row-spans.ts';
import { afterCommit } from './after-commit.ts';
import { Overlay } from './overlay.ts';
import { commandFrom, decideAll, type Plan, type Settlement } from './plan.ts';
import { Work, type WorkRow } from './work.ts';
import { insertSettled, Stale, writeEffects } from './write.ts';

/** With the waits between them about a second: enough for a dozen writers of one document. */
const tries = 8;
/** An answer must not rest on what an election may take back. */
const ofMajority = { readConcern: 'majority', maxTimeMS: limits.mongoMs } as const;

/**
 * Executes a direct command and answers how it ended. A repeat under the same Idempotency-Key gets the first answer,
 * a refusal too. @throws idempotency.body-differs, request.conflict, server.unavailable
 */
export async function execute(registry: Registry, row: WorkRow): Promise<Settlement> {
  return await underRowSpan('work.execute', row, async (traced) => await executeRow(registry, traced));
}

async function executeRow(registry: Registry, row: WorkRow): Promise<Settlement> {
  const definition = commandOf(registry, row.kind);
  let attempted: Settlement | undefined;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const earlier = await earlierAnswer(row, attempted);
      if (earlier) {
        return earlier;
      }
      const prepared = await prepare(registry, row);
      attempted = prepared.settlement;
      await commit(registry, prepared, definition.recorded !== false);
      countAccepted([row]);
      countSettled([attempted]);
      return attempted;
    } catch (error) {
      const duplicate = duplicateIn(error);
      if (duplicate !== null && duplicate !== Work.name && definition.onDuplicate) {
        return await refuse(row, definition.onDuplicate(duplicate), definition.recorded !== false);
      }
      const passing = duplicate !== null || error instanceof Stale || isTransient(error);
      if (!passing) {
        throw error;
      }
      if (attempt === tries) {
        throw isTransient(error) ? unavailable(error) : problems.conflict(undefined, { cause: error });
      }
      await delay(Math.random() * 5 * 2 ** attempt);
    }
  }
}

/** What is settled already: the first row under this key, or this very row, when only its commit's result was lost. */
async function earlierAnswer(row: WorkRow, attempted: Settlement | undefined): Promise<Settlement | null> {
  const { actor, kind, idempotencyKey } = row;
  if (attempted && (await Work.native().findOne({ _id: row._id }, ofMajority))) {
    return attempted;
  }
  if (idempotencyKey === undefined) {
    return null;
  }
  const first = await Work.native().findOne({ actor, kind, idempotencyKey }, ofMajority);
  if (!first) {
    return null;
  }
  if (first.requestHash !== row.requestHash) {
    throw problems.keyReused();
  }
  const { result, status, problem } = first;
  return { row: first, state: first.state as Settlement['state'], result, status, problem, replayed: true };
}

interface Prepared {
  readonly plan: Plan;
  readonly overlay: Overlay;
  readonly settlement: Settlement;
  readonly now: Date;
}

async function prepare(registry: Registry, row: WorkRow): Promise<Prepared> {
  const command = commandFrom(registry, row);
  const overlay = new Overlay();
  await Promise.all([commandOf(registry, row.kind).load([command], overlay), refreshReactors(registry)]);
  const now = new Date();
  const plan = decideAll(registry, overlay, new Map([[row, command]]), now);
  const [failure] = plan.failures;
  const [settlement] = plan.settlements;
  if (failure || !settlement) {
    throw failure?.error ?? new Error(`${row.kind} was decided without an outcome`);
  }
  return { plan, overlay, settlement, now };
}

async function commit(registry: Registry, { plan, overlay, now }: Prepared, recorded: boolean): Promise<void> {
  const session = mongoose.connection.getClient().startSession();
  try {
    await inTransaction(session, async () => {
      await insertSettled(session, plan.settlements, now, recorded);
      await writeEffects(session, plan, { overlay, guarded: true });
    });
  } finally {
    await session.endSession();
  }
  // Nobody waits for a settlement of it: its caller gets the answer from here.
  afterCommit(registry, { settlements: [], work: plan.work, events: plan.events.length, writes: plan.writes });
}

/** Another document has what must be unique: a final no, kept for repeats. */
async function refuse(row: WorkRow, error: AppError, recorded: boolean): Promise<Settlement> {
  const refusal: Settlement = { row, state: 'refused', problem: error.problem };
  if (row.idempotencyKey !== undefined && recorded) {
    await insertSettled(undefined, [refusal], new Date(), recorded).catch((failure: unknown) => {
      if (duplicateIn(failure) === null) {
        throw failure;
      }
    });
  }
  return refusal;
}
