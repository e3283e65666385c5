// The tasks that wait for somebody, over all machines.
import { limits } from '#config/limits.ts';
import type { Asker } from '#src/platform/auth/abilities.ts';
import { decodeCursor, encodeCursor, type Page } from '#src/platform/http/cursor.ts';
import { canonicalJson, sha256 } from '#src/platform/ids.ts';
import { MachineFault } from '#src/platform/machines/fault.ts';
import {
  MachineInstances,
  type ArmedTimer,
  type MachineInstance,
  type MachineTask,
} from '#src/platform/machines/store.ts';
import { verdicts } from '#src/platform/machines/verdicts.ts';
import { CelAccount } from '#src/platform/rules/cel.ts';
import { Turns } from '#src/platform/turns.ts';
import { definitionFor } from '../definitions/definitions.workflow.ts';
import { askerFor } from '../state-machine.policy.ts';
import { presentTask } from './tasks.presenter.ts';
import type { TaskOutput, TasksQuery } from './tasks.schema.ts';

/** Machines one page looks at, because guards may take tasks away: a page may be short and go on all the same. */
const mostMachines = 300;
/** Machines that are held at once: each comes with all of its context. */
const heldMachines = 20;
/** How long one request judges, and what all guards may take together; more than one task can. The next page goes on. */
const patienceMs = 2_000;
const stepsOfPage = 1_000_000;

/** After which task a page begins; `event` null: after all of that machine. */
interface Place {
  readonly machine: string;
  readonly event: string | null;
}

type Row = Pick<MachineInstance, '_id' | 'type' | 'key' | 'version' | 'snapshot' | 'tasks'> & {
  readonly timers: readonly Pick<ArmedTimer, 'dueAt'>[];
};

interface Found {
  readonly row: Row;
  readonly task: MachineTask;
}

/**
 * Events the caller may send now and that are somebody's task, by machine and event. Guards are asked, without a payload:
 * a task they all say no to is not shown. Errors: `request.invalid` for a cursor of another list.
 */
export async function tasksWaitingFor(caller: Asker, { limit, cursor, type }: TasksQuery): Promise<Page<TaskOutput>> {
  const { names } = askerFor(caller);
  const purpose = `state-machine.tasks.${sha256(canonicalJson([type ?? null, caller.userId]))}`;
  const after = cursor === undefined ? null : (decodeCursor(purpose, cursor) as Place);
  const filter = {
    taskNames: { $exists: true, $in: names },
    _id: { $gte: after?.machine ?? '' },
    ...(type === undefined ? {} : { type }),
  };
  const rows = MachineInstances.native()
    .find(filter, { maxTimeMS: limits.mongoMs })
    .project<Row>({ type: 1, key: 1, version: 1, snapshot: 1, 'timers.dueAt': 1, tasks: 1 })
    .sort({ _id: 1 })
    .limit(mostMachines)
    .batchSize(heldMachines);
  const { found, end } = await judged(caller, tasksOf(rows, names, after), limit);
  return {
    data: found.map(({ row, task }) => presentTask(row, task)),
    page: { nextCursor: end && encodeCursor(purpose, end), hasMore: end !== null },
  };
}

/** The tasks of machines one by one, and of each machine a null behind them. */
async function* tasksOf(
  rows: AsyncIterable<Row>,
  names: readonly string[],
  after: Place | null,
): AsyncGenerator<{ readonly row: Row; readonly task: MachineTask | null }> {
  for await (const row of rows) {
    for (const task of tasksIn(row, names).filter(({ event }) => after === null || isAfter(after, row, event))) {
      yield { row, task };
    }
    yield { row, task: null };
  }
}

/** Those that can be done, at most `limit`, and after which place the next page goes on; null at the end. */
async function judged(
  caller: Asker,
  tasks: AsyncIterable<{ readonly row: Row; readonly task: MachineTask | null }>,
  limit: number,
): Promise<{ found: Found[]; end: Place | null }> {
  const turns = new Turns(patienceMs);
  const account = new CelAccount(stepsOfPage);
  const found: Found[] = [];
  let machines = 0;
  let last: Place | null = null;
  for await (const { row, task } of tasks) {
    if (!task) {
      machines += 1;
      last = { machine: row._id, event: null };
      continue;
    }
    const asked = await turns.next();
    const canBe = asked && (await canBeDone(caller, row, task, account));
    // What ran out of steps was not judged.
    if (!asked || account.isEmpty) {
      return { found, end: last };
    }
    if (canBe && found.length === limit) {
      const shown = found.at(-1) as Found;
      return { found, end: { machine: shown.row._id, event: shown.task.event } };
    }
    found.push(...(canBe ? [{ row, task }] : []));
    last = { machine: row._id, event: task.event };
  }
  return { found, end: machines === mostMachines ? last : null };
}

function tasksIn({ tasks = [] }: Row, names: readonly string[]): MachineTask[] {
  return tasks
    .filter((task) => task.names.some((name) => names.includes(name)))
    .toSorted((left, right) => (left.event < right.event ? -1 : 1));
}

function isAfter(after: Place, { _id }: Row, event: string): boolean {
  return _id !== after.machine || (after.event !== null && event > after.event);
}

async function canBeDone(
  caller: Asker,
  { type, version, snapshot }: Row,
  { event }: MachineTask,
  account: CelAccount,
): Promise<boolean> {
  try {
    const definition = await definitionFor(type, version);
    const around = { now: new Date(), actor: caller.userId };
    const said = definition && account.pay(() => verdicts(definition, snapshot, { type: event }, around));
    return !said || said.some(({ says }) => says !== false);
  } catch (error) {
    // Whoever tries it learns what is wrong with the machine.
    if (error instanceof MachineFault) {
      return true;
    }
    throw error;
  }
}
