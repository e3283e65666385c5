// The tasks that wait for somebody, over all machines.
import { limits } from '#config/limits.ts';
import type { Asker } from '#src/platform/auth/abilities.ts';
import { decodeCursor, encodeCursor, type Page } from '#src/platform/http/cursor.ts';
import { canonicalJson, sha256 } from '#src/platform/ids.ts';
import { MachineFault } from '#src/platform/machines/fault.ts';
import { MachineInstances, type MachineInstance, type MachineTask } from '#src/platform/machines/store.ts';
import { verdicts } from '#src/platform/machines/verdicts.ts';
import { definitionFor } from '../definitions/definitions.workflow.ts';
import { askerFor } from '../state-machine.policy.ts';
import { presentTask } from './tasks.presenter.ts';
import type { TaskOutput, TasksQuery } from './tasks.schema.ts';

/** Machines one page looks at, because guards may take tasks away: a page may be short and go on all the same. */
const mostMachines = 300;

/** After which task a page begins; `event` null: after all of that machine. */
interface Place {
  readonly machine: string;
  readonly event: string | null;
}

type Row = Pick<MachineInstance, '_id' | 'type' | 'key' | 'version' | 'snapshot' | 'timers' | 'tasks'>;

/**
 * Events the caller may send now and that are somebody's task, by machine and event. Guards are asked, without a payload:
 * a task they all say no to is not shown. Errors: `request.invalid` for a cursor of another list.
 */
export async function tasksWaitingFor(caller: Asker, { limit, cursor, type }: TasksQuery): Promise<Page<TaskOutput>> {
  const { names } = askerFor(caller);
  const purpose = `state-machine.tasks.${sha256(canonicalJson([type ?? null, caller.userId]))}`;
  const after = cursor === undefined ? null : (decodeCursor(purpose, cursor) as Place);
  const rows = await MachineInstances.native()
    .find(
      {
        taskNames: { $exists: true, $in: names },
        _id: { $gte: after?.machine ?? '' },
        ...(type === undefined ? {} : { type }),
      },
      { maxTimeMS: limits.mongoMs },
    )
    .project<Row>({ type: 1, key: 1, version: 1, snapshot: 1, timers: 1, tasks: 1 })
    .sort({ _id: 1 })
    .limit(mostMachines)
    .toArray();
  const found: { readonly row: Row; readonly task: MachineTask }[] = [];
  for (const row of rows) {
    const own = tasksIn(row, names).filter(({ event }) => after === null || isAfter(after, row, event));
    for (const task of own) {
      if (await canBeDone(caller, row, task)) {
        found.push({ row, task });
      }
    }
    if (found.length > limit) {
      break;
    }
  }
  const shown = found.slice(0, limit);
  const end = placeAfter(found.length > limit ? shown.at(-1) : undefined, rows);
  return {
    data: shown.map(({ row, task }) => presentTask(row, task)),
    page: { nextCursor: end && encodeCursor(purpose, end), hasMore: end !== null },
  };
}

function tasksIn({ tasks = [] }: Row, names: readonly string[]): MachineTask[] {
  return tasks
    .filter((task) => task.names.some((name) => names.includes(name)))
    .toSorted((left, right) => (left.event < right.event ? -1 : 1));
}

function isAfter(after: Place, { _id }: Row, event: string): boolean {
  return _id !== after.machine || (after.event !== null && event > after.event);
}

/** Where the next page begins, after what is shown last or after the machines that were looked at; null at the end. */
function placeAfter(
  last: { readonly row: Row; readonly task: MachineTask } | undefined,
  rows: readonly Row[],
): Place | null {
  if (last) {
    return { machine: last.row._id, event: last.task.event };
  }
  const looked = rows.length === mostMachines ? rows.at(-1) : undefined;
  return looked ? { machine: looked._id, event: null } : null;
}

async function canBeDone(caller: Asker, { type, version, snapshot }: Row, { event }: MachineTask): Promise<boolean> {
  try {
    const definition = await definitionFor(type, version);
    const around = { now: new Date(), actor: caller.userId };
    return !definition || verdicts(definition, snapshot, { type: event }, around).some(({ says }) => says !== false);
  } catch (error) {
    // Whoever tries it learns what is wrong with the machine.
    if (error instanceof MachineFault) {
      return true;
    }
    throw error;
  }
}
