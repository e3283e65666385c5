// What a version would do to instances of others, and how far migrations have come.
import { limits } from '#config/limits.ts';
import { Work } from '#src/platform/commands/work.ts';
import { decodeCursor, encodeCursor } from '#src/platform/http/cursor.ts';
import {
  impactOf,
  migrated,
  mostPlayed,
  type Finding,
  type Impact,
  type LoggedStep,
  type MigrationPlan,
} from '#src/platform/machines/data/data.ts';
import type { MachineDefinition } from '#src/platform/machines/definition.ts';
import {
  instanceId,
  MachineInstances,
  transitionId,
  Transitions,
  type MachineInstance,
} from '#src/platform/machines/store.ts';
import { CelAccount } from '#src/platform/rules/cel.ts';
import { Turns } from '#src/platform/turns.ts';
import { runnable } from '../definitions/definitions.queries.ts';
import { migrateKind } from './migrations.commands.ts';
import { migrationUnknown } from './migrations.errors.ts';
import { MachineMigrations, migrationCause, type MigrationRow } from './migrations.model.ts';
import { presentDry, presentMigration, tableOf, type Judged, type Progress } from './migrations.presenter.ts';
import type { ImpactBody, ImpactOutput, MigrateBody, MigrationOutput } from './migrations.schema.ts';

/** The longest history that is played, and what all its expressions may take together. */
const mostSteps = 500;
const stepsOfHistory = 1_000_000;
/** How long one request replays and tries, and the steps of charts it plays; the next one goes on. */
const patienceMs = 2_000;
const stepsOfPage = 5 * mostPlayed;
/** Instances, and rows of a history, that one answer of MongoDB holds: each comes with what it is about. */
const heldInstances = 20;
const heldRows = 100;

/** Instances that have not ended, by id, one more than `limit`: whether there are more behind them. */
function liveInstances<Row extends Pick<MachineInstance, '_id'>>(
  filter: Record<string, unknown>,
  after: string,
  limit: number,
  projection: Record<string, 1> = {},
): AsyncIterable<Row> {
  return MachineInstances.native()
    .find({ $and: [{ ...filter, status: 'active' }, { _id: { $gt: after } }] }, { maxTimeMS: limits.mongoMs })
    .project<Row>(projection)
    .sort({ _id: 1 })
    .limit(limit + 1)
    .batchSize(heldInstances);
}

type Standing = Pick<MachineInstance, '_id' | 'key' | 'version' | 'seq' | 'value' | 'status' | 'context'>;
const standing = { key: 1, version: 1, seq: 1, value: 1, status: 1, context: 1 } as const;

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
  const wanted = { type, version: from ?? { $ne: version } };
  const { judged, isCut } = await judgedOf(definition, liveInstances<Standing>(wanted, after, limit, standing), limit);
  const last = judged.at(-1)?.instance._id;
  return {
    type,
    version,
    asOf: asOf.toISOString(),
    examined: judged.length,
    ...tableOf(judged),
    next: last !== undefined && isCut ? encodeCursor(purpose, last) : null,
  };
}

/** The first of the instances, as many as may be and as there is time for; `isCut`: there are more. */
async function judgedOf(
  definition: MachineDefinition,
  instances: AsyncIterable<Standing>,
  most: number,
): Promise<{ readonly judged: readonly Judged[]; readonly isCut: boolean }> {
  const turns = new Turns(patienceMs);
  const judged: Judged[] = [];
  let left = stepsOfPage;
  for await (const instance of instances) {
    if (judged.length === most || left < mostPlayed) {
      return { judged, isCut: true };
    }
    const impact = await impactOn(definition, instance, turns);
    // Where its time is over and it is the first, the next request would fare no better with it.
    if (impact === null && judged.length > 0) {
      return { judged, isCut: true };
    }
    judged.push({ instance, impact: impact ?? tooLong(instance, 'Playing it takes too much time') });
    left -= impact?.steps ?? mostPlayed;
  }
  return { judged, isCut: false };
}

function tooLong({ value, status }: Standing, detail: string): Impact {
  const unknown = { seq: null, would: null, contextDiffers: false, missing: [], steps: 0 } as const;
  return { outcome: 'too-long', stands: { value, status }, ...unknown, detail };
}

/** Plays one history; null where there is no time left. */
async function impactOn(definition: MachineDefinition, instance: Standing, turns: Turns): Promise<Impact | null> {
  const { key, value, status, context, seq } = instance;
  if (seq >= mostSteps) {
    return tooLong(instance, `Its history has ${seq + 1} steps; ${mostSteps} are played`);
  }
  const history = { key, stands: { value, status, context }, rows: await historyOf(instance) };
  const account = new CelAccount(stepsOfHistory);
  const impact = await turns.through(impactOf(definition, history), account);
  return impact?.outcome === 'failed' && account.isEmpty
    ? { ...tooLong(instance, 'Its expressions take too many steps together'), steps: impact.steps }
    : impact;
}

/** The steps of an instance until where it was read, oldest first: those it has taken since are another time's business. */
async function historyOf({ _id, seq }: Standing): Promise<LoggedStep[]> {
  return await Transitions.native()
    .find({ instance: _id, seq: { $lte: seq } }, { maxTimeMS: limits.mongoMs })
    .project<LoggedStep>({ _id: 0, seq: 1, eventId: 1, event: 1, actor: 1, at: 1, status: 1 })
    .sort({ seq: 1 })
    .limit(mostSteps)
    .batchSize(heldRows)
    .toArray();
}

/** Which instances a migration is about, and the cursors of its pages. */
function askedToMove(type: string, { from, filter, cursor }: MigrateBody) {
  const purpose = `state-machine.migrate.${type}.${from}`;
  const ids = filter?.ids?.map((id) => instanceId(type, id));
  return {
    after: cursor === undefined ? '' : String(decodeCursor(purpose, cursor)),
    wanted: {
      type,
      version: from,
      ...(filter?.state === undefined ? {} : { marks: filter.state }),
      ...(ids ? { _id: { $in: ids } } : {}),
    },
    cursorAfter: (_id: string): string => encodeCursor(purpose, _id),
  };
}

/** The ids of the instances a migration is about, and the cursor behind them; null where there are no more. */
export async function instancesToMove(type: string, body: MigrateBody) {
  const { wanted, after, cursorAfter } = askedToMove(type, body);
  const ids: string[] = [];
  for await (const { _id } of liveInstances(wanted, after, body.limit, { _id: 1 })) {
    ids.push(_id);
  }
  const instances = ids.slice(0, body.limit);
  const last = instances.at(-1);
  return { instances, next: last !== undefined && ids.length > body.limit ? cursorAfter(last) : null };
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
  const asked = askedToMove(type, body);
  const turns = new Turns(patienceMs);
  const now = new Date();
  let moved = 0;
  let last: string | null = null;
  let isCut = false;
  const refused: { id: string; reasons: readonly Finding[] }[] = [];
  for await (const instance of liveInstances<MachineInstance>(asked.wanted, asked.after, body.limit)) {
    isCut = moved + refused.length === body.limit || !(await turns.next());
    if (isCut) {
      break;
    }
    last = instance._id;
    const reasons = refusalOf(() => migrated(instance, before, after, plan, { now, actor: asker }));
    if (reasons) {
      refused.push({ id: instance.key, reasons });
    } else {
      moved += 1;
    }
  }
  const next = last !== null && isCut ? asked.cursorAfter(last) : null;
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
  const work = await Work.native()
    .find(
      { actor: 'system', kind: migrateKind, idempotencyKey: { $in: [...causes.keys()] } },
      { maxTimeMS: limits.mongoMs, projection: { state: 1, problem: 1, idempotencyKey: 1 } },
    )
    .limit(causes.size + 1)
    .toArray();
  // Afterwards: the step of a row that was settled by then is there, and a migration that ended has its whole count.
  const moved = await Transitions.native().countDocuments({ _id: { $in: steps } }, { maxTimeMS: limits.mongoMs });
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
