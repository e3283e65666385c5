// Reads of machines.
import { limits } from '#config/limits.ts';
import type { Asker } from '#src/platform/auth/abilities.ts';
import { decodeCursor, encodeCursor, toPage } from '#src/platform/http/cursor.ts';
import {
  instanceId,
  MachineInstances,
  Transitions,
  verifyChain,
  type MachineInstance,
  type Transition,
} from '#src/platform/machines/store.ts';
import { instanceUnknown } from './state-machine.errors.ts';
import { presentState, presentTransition } from './state-machine.presenter.ts';
import type { StateOutput } from './state-machine.schema.ts';
import { canRead } from './state-machine.policy.ts';
import { definitionOf } from './state-machine.workflow.ts';

/** True where the caller may read this instance, and so follow it. False where there is none. */
export async function mayReadInstance(caller: Asker, type: string, id: string): Promise<boolean> {
  const instance = await MachineInstances.native().findOne(
    { _id: instanceId(type, id) },
    { projection: { readers: 1 }, maxTimeMS: limits.mongoMs },
  );
  return instance !== null && canRead(caller, instance);
}

/** An instance as it stands. Errors: `state-machine.not-found`. */
export async function readState(caller: Asker, type: string, id: string): Promise<StateOutput> {
  const instance = await readInstance(caller, type, id);
  return presentState(definitionOf(instance), instance);
}

/** Steps of an instance, oldest first, and whether their hashes hold. Errors: `state-machine.not-found`. */
export async function readHistory(
  caller: Asker,
  type: string,
  id: string,
  page: { limit: number; cursor?: string | undefined },
) {
  const instance = await readInstance(caller, type, id);
  const purpose = `state-machine.history.${instance._id}`;
  const after = page.cursor === undefined ? null : Number(decodeCursor(purpose, page.cursor));
  // From the last row of the page before, because that is what this page's first row must follow.
  const wanted = page.limit + (after === null ? 1 : 2);
  const rows = await Transitions.native()
    .find({ instance: instance._id, seq: { $gte: after ?? 0 } }, { maxTimeMS: limits.mongoMs })
    .sort({ seq: 1 })
    .limit(wanted)
    .toArray();
  const complete = rows[0]?.seq === (after ?? 0) && (rows.length === wanted || endsWell(instance, rows));
  const chain: 'intact' | 'broken' = complete && verifyChain(rows) ? 'intact' : 'broken';
  const shown = after === null ? rows : rows.slice(1);
  return { ...toPage(shown, page.limit, presentTransition, (row) => encodeCursor(purpose, row.seq)), chain };
}

/** The rows reach the newest step, as the instance knows it. Steps taken since it was read may follow. */
function endsWell(instance: MachineInstance, rows: readonly Transition[]): boolean {
  return rows.find((row) => row.seq === instance.seq)?.hash === instance.lastHash;
}

/** An instance the caller may read; others are as if they were not there. */
async function readInstance(caller: Asker, type: string, id: string): Promise<MachineInstance> {
  const _id = instanceId(type, id);
  const instance = await MachineInstances.native().findOne({ _id }, { maxTimeMS: limits.mongoMs });
  if (!instance || !canRead(caller, instance)) {
    throw instanceUnknown(`There is no machine ${_id}`);
  }
  return instance;
}
