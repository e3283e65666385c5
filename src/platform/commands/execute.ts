// Direct commands: those that write only their own documents need no queue. One short transaction in the calling
// process, guarded by the documents' revisions; reactions and events are rows of it.
import { setTimeout as delay } from 'node:timers/promises';
import mongoose from 'mongoose';
import { problems, unavailable } from '../errors.ts';
import { duplicateIn, inTransaction, isTransient } from '../mongo/transaction.ts';
import { hint } from '../redis/hints.ts';
import { commandOf, type Registry } from '../registry.ts';
import { project } from './drain-work.ts';
import { Overlay } from './overlay.ts';
import { commandFrom, decideAll, type Settlement } from './plan.ts';
import { wakeOwners } from './queues.ts';
import { Work, type WorkRow } from './work.ts';
import { insertSettled, Stale, writeEffects } from './write.ts';

const tries = 6;

/**
 * Executes a direct command and answers how it ended. A repeat under the same Idempotency-Key gets the first answer.
 * @throws idempotency.body-differs, request.conflict, server.unavailable, and what the command's onDuplicate says
 */
export async function execute(registry: Registry, row: WorkRow): Promise<Settlement> {
  const definition = commandOf(registry, row.kind);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return (await firstAnswer(row)) ?? (await run(registry, row));
    } catch (error) {
      const duplicate = duplicateIn(error);
      if (duplicate !== null && duplicate !== Work.name && definition.onDuplicate) {
        throw definition.onDuplicate(duplicate);
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

/** What an earlier row says: of the same key, or of this very id when a commit's result was unknown. */
async function firstAnswer(row: WorkRow): Promise<Settlement | null> {
  const { actor, kind, idempotencyKey } = row;
  if (idempotencyKey === undefined) {
    return null;
  }
  const first = await Work.native().findOne({ actor, kind, idempotencyKey });
  if (!first) {
    return null;
  }
  if (first.requestHash !== row.requestHash) {
    throw problems.keyReused();
  }
  const { result, status, problem } = first;
  return {
    row: first,
    state: first.state as Settlement['state'],
    result,
    status,
    problem,
    replayed: first._id !== row._id,
  };
}

async function run(registry: Registry, row: WorkRow): Promise<Settlement> {
  const definition = commandOf(registry, row.kind);
  const command = commandFrom(registry, row);
  const overlay = new Overlay();
  await definition.load([command], overlay);
  const now = new Date();
  const plan = decideAll(registry, overlay, new Map([[row, command]]), now);
  const [failure] = plan.failures;
  if (failure) {
    throw failure.error;
  }
  const session = mongoose.connection.getClient().startSession();
  try {
    await inTransaction(session, async () => {
      if (definition.recorded !== false) {
        await insertSettled(session, plan, now);
      }
      await writeEffects(session, plan, { overlay });
    });
  } finally {
    await session.endSession();
  }
  wakeOwners(plan.work);
  if (plan.events.length > 0) {
    hint('events', plan.events.length);
  }
  project(registry, plan);
  const [settlement] = plan.settlements;
  if (!settlement) {
    throw new Error(`${row.kind} was decided without an outcome`);
  }
  return settlement;
}
