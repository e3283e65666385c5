// Rows of effects, made as decisions make them, and how they stand. Called by test/integration and test/e2e.
import assert from 'node:assert/strict';
import { workRow } from '#src/platform/commands/plan.ts';
import { wakeOwners } from '#src/platform/commands/queues.ts';
import { Work, type WorkRow, type WorkState } from '#src/platform/commands/work.ts';
import { newId } from '#src/platform/ids.ts';
import type { Registry } from '#src/platform/registry.ts';
import { eventually } from './eventually.ts';

/** A row of an effect as a decision would write it. Ids grow in the order of the calls. */
export function effectRow(registry: Registry, kind: string, input: unknown): WorkRow {
  return workRow(registry, { kind, input, cause: newId() }, { requestId: newId() }, new Date());
}

/** Writes rows and wakes their owners. */
export async function ask(rows: readonly WorkRow[]): Promise<void> {
  await Work.native().insertMany([...rows], { writeConcern: { w: 'majority' } });
  wakeOwners(rows);
}

/** The rows as they are now, in the order asked for. */
export async function rowsNow(rows: readonly WorkRow[]): Promise<WorkRow[]> {
  const found = await Work.native()
    .find({ _id: { $in: rows.map(({ _id }) => _id) } })
    .toArray();
  return rows.flatMap(({ _id }) => found.filter((row) => row._id === _id));
}

/** Waits until the rows are in these states. */
export async function reach(
  rows: readonly WorkRow[],
  states: readonly WorkState[],
  withinMs = 15_000,
): Promise<WorkRow[]> {
  return await eventually(
    async () => {
      const now = await rowsNow(rows);
      assert.deepEqual(
        now.map(({ state }) => state),
        states,
      );
      return now;
    },
    withinMs,
    20,
  );
}
