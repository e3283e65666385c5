// Reads of machines.
import { limits } from '#config/limits.ts';
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
import { definitionOf, newestDefinition } from './state-machine.workflow.ts';

/** The user an instance of this type and id is about; undefined where there is no such type. Reads nothing. */
export function ownerOf(type: string, id: string): string | null | undefined {
  return newestDefinition(type)?.owner(id);
}

/** An instance as it stands. Errors: `state-machine.not-found`. */
export async function readState(type: string, id: string): Promise<StateOutput> {
  const instance = await readInstance(type, id);
  return presentState(definitionOf(instance), instance);
}

/** Steps of an instance, oldest first, and whether their hashes hold. Errors: `state-machine.not-found`. */
export async function readHistory(type: string, id: string, page: { limit: number; cursor?: string | undefined }) {
  const instance = await readInstance(type, id);
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

async function readInstance(type: string, id: string): Promise<MachineInstance> {
  const _id = instanceId(type, id);
  const instance = await MachineInstances.native().findOne({ _id }, { maxTimeMS: limits.mongoMs });
  if (!instance) {
    throw instanceUnknown(`There is no machine ${_id}`);
  }
  return instance;
}
