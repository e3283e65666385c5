// What a version would do to instances of others, and how far migrations have come.
import { limits } from '#config/limits.ts';
import { Work } from '#src/platform/commands/work.ts';
import { decodeCursor, encodeCursor } from '#src/platform/http/cursor.ts';
import { groupBy } from '#src/platform/group-by.ts';
import { impactOf, migrated, type Finding, type MigrationPlan } from '#src/platform/machines/data/data.ts';
import type { MachineDefinition } from '#src/platform/machines/definition.ts';
import {
  instanceId,
  MachineInstances,
  transitionId,
  Transitions,
  type MachineInstance,
  type Transition,
} from '#src/platform/machines/store.ts';
import { onAccount } from '#src/platform/rules/cel.ts';
import { runnable } from '../definitions/definitions.queries.ts';
import { migrateKind } from './migrations.commands.ts';
import { migrationUnknown } from './migrations.errors.ts';
import { MachineMigrations, migrationCause, type MigrationRow } from './migrations.model.ts';
import { presentDry, presentMigration, tableOf, type Judged, type Progress } from './migrations.presenter.ts';
import type { ImpactBody, ImpactOutput, MigrateBody, MigrationOutput } from './migrations.schema.ts';

/** The longest history that is played, and what all its expressions may take together. */
const mostSteps = 500;
const stepsOfHistory = 1_000_000;
/** How long one request replays and tries; the next one goes on where it ended. */
const patienceMs = 2_000;

interface Found {
  readonly instances: readonly MachineInstance[];
  /** True where there are more behind them. */
  readonly more: boolean;
}

async function liveInstances(filter: Record<string, unknown>, after: string, limit: number): Promise<Found> {
  const rows = await MachineInstances.native()
    .find({ $and: [{ ...filter, status: 'active' }, { _id: { $gt: after } }] }, { maxTimeMS: limits.mongoMs })
    .sort({ _id: 1 })
    .limit(limit + 1)
    .toArray();
  return { instances: rows.slice(0, limit), more: rows.length > limit };
}

/** Does one after another for as long as there is time; says which it has not come to. */
function inTime<One>(all: readonly One[], each: (one: One) => void): readonly One[] {
  const begun = performance.now();
  for (const [index, one] of all.entries()) {
    if (index > 0 && performance.now() - begun > patienceMs) {
      return all.slice(index);
    }
    each(one);
  }
  return [];
}

/**
 * Where instances would stand had they run on a version from the start: their histories are played on it. Those who have
 * ended are not asked about. Errors: state-machine.definition-not-found, state-machine.not-runnable.
 */
export async function impactTable(
  type: string,
  version: number,
  { from, limit, cursor }: ImpactBody,
): Promise<ImpactOutput> {
  const definition = await runnable(type, version);
  const asOf = new Date();
  const purpose = `state-machine.impact.${type}.${version}.${from ?? ''}`;
  const after = cursor === undefined ? '' : String(decodeCursor(purpose, cursor));
  const { instances, more } = await liveInstances({ type, version: from ?? { $ne: version } }, after, limit);
  const histories = await historiesOf(instances);
  const judged: { instance: MachineInstance; impact: Judged }[] = [];
  const left = inTime(instances, (instance) => {
    judged.push({ instance, impact: impactOn(definition, instance, histories.get(instance._id) ?? []) });
  });
  const last = judged.at(-1)?.instance._id;
  return {
    type,
    version,
    asOf: asOf.toISOString(),
    examined: judged.length,
    ...tableOf(judged),
    next: last !== undefined && (more || left.length > 0) ? encodeCursor(purpose, last) : null,
  };
}

/** The steps of instances whose histories are short enough, oldest first. */
async function historiesOf(instances: readonly MachineInstance[]): Promise<Map<string, Transition[]>> {
  const short = instances.filter(({ seq }) => seq < mostSteps).map(({ _id }) => _id);
  const rows = await Transitions.native()
    .find({ instance: { $in: short } }, { maxTimeMS: limits.mongoDefaultMs })
    .sort({ instance: 1, seq: 1 })
    .limit(short.length * (mostSteps + 1))
    .toArray();
  return groupBy(rows, ({ instance }) => instance);
}

function impactOn(definition: MachineDefinition, instance: MachineInstance, rows: readonly Transition[]): Judged {
  const { key, value, status, seq } = instance;
  if (seq >= mostSteps) {
    const detail = `Its history has ${seq + 1} steps; ${mostSteps} are played`;
    return { outcome: 'too-long', seq: null, stands: { value, status }, would: null, contextDiffers: false, detail };
  }
  // Steps it has taken since it was read are another time's business.
  const log = rows.filter((row) => row.seq <= seq);
  return onAccount(stepsOfHistory, () => impactOf(definition, { key, rows: log }));
}

/** The instances a migration is about, and the cursor behind them. */
export async function instancesToMove(type: string, { from, filter, limit, cursor }: MigrateBody) {
  const purpose = `state-machine.migrate.${type}.${from}`;
  const after = cursor === undefined ? '' : String(decodeCursor(purpose, cursor));
  const ids = filter?.ids?.map((id) => instanceId(type, id));
  const wanted = {
    type,
    version: from,
    ...(filter?.state === undefined ? {} : { marks: filter.state }),
    ...(ids ? { _id: { $in: ids } } : {}),
  };
  const { instances, more } = await liveInstances(wanted, after, limit);
  const cursorAfter = ({ _id }: MachineInstance): string => encodeCursor(purpose, _id);
  return { instances, more, cursorAfter };
}

/** What a migration would come to; nothing is written. Errors: as `impactTable`. */
export async function tryMigration(
  type: string,
  to: number,
  body: MigrateBody,
  plan: MigrationPlan,
  asker: string,
): Promise<MigrationOutput> {
  const [before, after] = await Promise.all([runnable(type, body.from), runnable(type, to)]);
  const { instances, more, cursorAfter } = await instancesToMove(type, body);
  const now = new Date();
  let moved = 0;
  let last: MachineInstance | undefined;
  const refused: { id: string; reasons: readonly Finding[] }[] = [];
  const left = inTime(instances, (instance) => {
    last = instance;
    const reasons = refusalOf(() => migrated(instance, before, after, plan, { now, actor: asker }));
    if (reasons) {
      refused.push({ id: instance.key, reasons });
    } else {
      moved += 1;
    }
  });
  const next = last && (more || left.length > 0) ? cursorAfter(last) : null;
  const progress = { migrated: moved, refused, failed: 0, unknown: 0 };
  return presentDry({ type, from: body.from, to, createdBy: asker }, progress, next, now);
}

function refusalOf(trial: () => ReturnType<typeof migrated>): readonly Finding[] | null {
  try {
    const migrating = trial();
    return migrating.accepted ? null : migrating.reasons;
  } catch (error) {
    // As the command will refuse it.
    return [{ code: 'failed', path: '', detail: error instanceof Error ? error.message : String(error) }];
  }
}

/** A migration and how far it has come. Errors: state-machine.migration-not-found. */
export async function readMigration(type: string, id: string): Promise<MigrationOutput> {
  const row = await MachineMigrations.native().findOne({ _id: id, type }, { maxTimeMS: limits.mongoMs });
  if (!row) {
    throw migrationUnknown(`There is no migration ${id} of ${type}`);
  }
  return presentMigration(row, await progressOf(row), null);
}

/** Steps tell who was moved, for ever; work rows tell why the others were not, for as long as they are kept. */
async function progressOf(row: MigrationRow): Promise<Progress> {
  const causes = new Map(row.instances.map((instance) => [migrationCause(row._id, instance), instance]));
  const steps = [...causes].map(([cause, instance]) => transitionId(instance, cause));
  const [moved, work] = await Promise.all([
    Transitions.native().countDocuments({ _id: { $in: steps } }, { maxTimeMS: limits.mongoMs }),
    Work.native()
      .find(
        { actor: 'system', kind: migrateKind, idempotencyKey: { $in: [...causes.keys()] } },
        { maxTimeMS: limits.mongoMs, projection: { state: 1, problem: 1, idempotencyKey: 1 } },
      )
      .limit(causes.size + 1)
      .toArray(),
  ]);
  const refusedRows = work.filter(({ state }) => state === 'refused');
  const of = (state: string): number => work.filter((one) => one.state === state).length;
  const unsettled = of('new') + of('dead');
  return {
    migrated: moved,
    failed: of('dead'),
    refused: refusedRows.map(({ idempotencyKey = '', problem }) => ({
      id: (causes.get(idempotencyKey) ?? '').slice(row.type.length + 1),
      reasons: (problem?.extensions?.['reasons'] as Finding[] | undefined) ?? [
        { code: problem?.code ?? 'failed', path: '', detail: problem?.detail ?? '' },
      ],
    })),
    unknown: Math.max(0, row.instances.length - moved - refusedRows.length - unsettled),
  };
}
