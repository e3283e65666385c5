// Reads of machines.
import { limits } from '#config/limits.ts';
import type { Asker } from '#src/platform/auth/abilities.ts';
import { decodeCursor, encodeCursor, toPage, type Page } from '#src/platform/http/cursor.ts';
import { canonicalJson, sha256 } from '#src/platform/ids.ts';
import { instanceId, MachineInstances, type MachineInstance } from '#src/platform/machines/store.ts';
import { verdicts } from '#src/platform/machines/verdicts.ts';
import { definitionBehind } from './definitions/definitions.workflow.ts';
import { instanceUnknown } from './state-machine.errors.ts';
import { presentState, presentSummary, presentVerdict } from './state-machine.presenter.ts';
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
 * Instances by type and id, those the caller may read. A `value` finds the text it is and, where it is one, the
 * number, boolean or null of JSON; in quotes it is a text alone. Errors: `request.invalid` for a cursor of another search.
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
          filters.field === undefined ? {} : { [`context.${filters.field}`]: { $in: meant(filters.value ?? '') } },
        ],
      },
      { maxTimeMS: limits.mongoMs, projection: { snapshot: 0, timers: 0, context: 0 } },
    )
    .sort({ _id: 1 })
    .limit(limit + 1)
    .toArray();
  return toPage(rows, limit, presentSummary, (row) => encodeCursor(purpose, row._id));
}

/** What a `value` may stand for: the text in quotes, or the text as it is and what it is as JSON. */
function meant(text: string): (string | number | boolean | null)[] {
  if (/^(?:true|false|null|-?\d{1,15}(?:\.\d{1,15})?)$/u.test(text)) {
    const read = readAs(text);
    return read === undefined ? [text] : [text, read as number | boolean | null];
  }
  const quoted = text.startsWith('"') ? readAs(text) : undefined;
  return [typeof quoted === 'string' ? quoted : text];
}

/** Undefined where it is not JSON: `007` and `"a` are texts. */
function readAs(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
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
