// Reads of machines.
import { limits } from '#config/limits.ts';
import type { Asker } from '#src/platform/auth/abilities.ts';
import { decodeCursor, encodeCursor, toPage, type Page } from '#src/platform/http/cursor.ts';
import { canonicalJson, sha256 } from '#src/platform/ids.ts';
import {
  followsInChain,
  instanceId,
  MachineInstances,
  Transitions,
  verifyChain,
  type MachineInstance,
  type Transition,
} from '#src/platform/machines/store.ts';
import { verdicts } from '#src/platform/machines/verdicts.ts';
import { definitionBehind } from './definitions/definitions.workflow.ts';
import { instanceUnknown } from './state-machine.errors.ts';
import { presentState, presentSummary, presentTransition, presentVerdict } from './state-machine.presenter.ts';
import type { InstancesQuery, InstanceSummary, StateOutput } from './state-machine.schema.ts';
import { canRead, thoseReadableBy } from './state-machine.policy.ts';

/** True where the caller may read this instance, and so follow it. False where there is none. */
export async function mayReadInstance(caller: Asker, type: string, id: string): Promise<boolean> {
  const instance = await MachineInstances.native().findOne(
    { _id: instanceId(type, id) },
    { projection: { readers: 1 }, maxTimeMS: limits.mongoMs },
  );
  return instance !== null && canRead(caller, instance);
}

/**
 * An instance as it stands. With `explain`: also what the guards say of that event, were it sent now and without payload
 * by who asks; nothing for an event that is not declared. Errors: `state-machine.not-found`.
 */
export async function readState(caller: Asker, type: string, id: string, explain?: string): Promise<StateOutput> {
  const instance = await readInstance(caller, type, id);
  const definition = await definitionBehind(instance);
  const state = presentState(definition, instance);
  if (explain === undefined) {
    return state;
  }
  const around = { now: new Date(), actor: caller.userId };
  const said = Object.hasOwn(definition.events, explain)
    ? verdicts(definition, instance.snapshot, { type: explain }, around)
    : [];
  return { ...state, verdicts: said.map(presentVerdict) };
}

/**
 * Instances by type and id, those the caller may read. A `value` that is JSON stands for what it says, so that `12` finds
 * a number. Errors: `request.invalid` for a cursor of another search.
 */
export async function findInstances(caller: Asker, query: InstancesQuery): Promise<Page<InstanceSummary>> {
  const { limit, cursor, ...filters } = query;
  const purpose = `state-machine.list.${sha256(canonicalJson([filters, caller.userId]))}`;
  const after = cursor === undefined ? '' : String(decodeCursor(purpose, cursor));
  const marks = [filters.state, filters.tag === undefined ? undefined : `#${filters.tag}`].filter(
    (mark) => mark !== undefined,
  );
  const rows = await MachineInstances.native()
    .find(
      {
        $and: [
          thoseReadableBy(caller),
          { _id: { $gt: after } },
          filters.type === undefined ? {} : { type: filters.type },
          marks.length === 0 ? {} : { marks: { $all: marks } },
          filters.status === undefined ? {} : { status: filters.status },
          filters.field === undefined ? {} : { [`context.${filters.field}`]: { $eq: meant(filters.value ?? '') } },
        ],
      },
      { maxTimeMS: limits.mongoMs, projection: { snapshot: 0, timers: 0, context: 0 } },
    )
    .sort({ _id: 1 })
    .limit(limit + 1)
    .toArray();
  return toPage(rows, limit, presentSummary, (row) => encodeCursor(purpose, row._id));
}

function meant(text: string): string | number | boolean | null {
  if (['true', 'false', 'null'].includes(text)) {
    return JSON.parse(text) as boolean | null;
  }
  return /^-?\d{1,15}(?:\.\d{1,15})?$/u.test(text) ? Number(text) : text;
}

/** Reads every step of an instance and checks its hash chain to where it stands. Errors: `state-machine.not-found`. */
export async function verifyInstance(caller: Asker, type: string, id: string) {
  const instance = await readInstance(caller, type, id);
  const rows = Transitions.native()
    // Steps taken since the instance was read are not asked about.
    .find({ instance: instance._id, seq: { $lte: instance.seq } }, { maxTimeMS: limits.answerMs })
    .sort({ seq: 1 });
  let before: Pick<Transition, 'seq' | 'hash'> | undefined;
  let follows = true;
  for await (const row of rows) {
    follows = followsInChain(before, row);
    if (!follows) {
      break;
    }
    before = { seq: row.seq, hash: row.hash };
  }
  const intact = follows && before?.hash === instance.lastHash;
  // Steps are numbered from 0: so many hold, and the next one is where it breaks.
  const steps = before ? before.seq + 1 : 0;
  const chain: 'intact' | 'broken' = intact ? 'intact' : 'broken';
  return { type, id, steps, chain, brokenAt: intact ? null : steps };
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

/** An instance the caller may read; others are as if they were not there. Errors: `state-machine.not-found`. */
export async function readInstance(caller: Asker, type: string, id: string): Promise<MachineInstance> {
  const _id = instanceId(type, id);
  const instance = await MachineInstances.native().findOne({ _id }, { maxTimeMS: limits.mongoMs });
  if (!instance || !canRead(caller, instance)) {
    throw instanceUnknown(`There is no machine ${_id}`);
  }
  return instance;
}
