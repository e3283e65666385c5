// Impact tables and migrations as clients see them.
import type { Impact } from '#src/platform/machines/data/data.ts';
import type { StateValue } from '#src/platform/machines/kernel.ts';
import type { MachineInstance } from '#src/platform/machines/store.ts';
import { canonicalJson } from '#src/platform/ids.ts';
import type { MigrationRow } from './migrations.model.ts';
import type { ImpactOutput, MigrationOutput } from './migrations.schema.ts';

/** What an instance would have come to. */
export interface Judged {
  readonly instance: Pick<MachineInstance, '_id' | 'key' | 'version'>;
  readonly impact: Omit<Impact, 'missing' | 'steps'>;
}

type Example = ImpactOutput['examples'][number];

const mostExamples = 20;

/** A place in a chart in one text: `open`, or its regions as JSON. */
export function placeOf(value: StateValue): string {
  return typeof value === 'string' ? value : canonicalJson(value);
}

/** The table and the examples of an impact. */
export function tableOf(judged: readonly Judged[]): Pick<ImpactOutput, 'table' | 'examples'> {
  const rows = new Map<string, ImpactOutput['table'][number]>();
  for (const { impact } of judged) {
    const from = placeOf(impact.stands.value);
    const to = impact.would && placeOf(impact.would.value);
    const name = canonicalJson([from, to, impact.outcome]);
    const row = rows.get(name) ?? { from, to, outcome: impact.outcome, count: 0 };
    rows.set(name, { ...row, count: row.count + 1 });
  }
  const others = judged.filter(({ impact }) => impact.outcome !== 'same').slice(0, mostExamples);
  return {
    table: [...rows.values()].toSorted((left, right) => right.count - left.count),
    examples: others.map(exampleOf),
  };
}

function exampleOf({ instance, impact }: Judged): Example {
  const { outcome, seq, stands, would, contextDiffers, detail } = impact;
  return {
    id: instance.key,
    version: instance.version,
    outcome,
    seq,
    stands: shown(stands),
    would: would && shown(would),
    contextDiffers,
    detail,
  };
}

function shown({ value, status }: { readonly value: StateValue; readonly status: string }): Example['stands'] {
  return { value: typeof value === 'string' ? value : { ...value }, status };
}

/** A migration that was just asked for. */
export function presentBegun(row: MigrationRow, next: string | null): MigrationOutput {
  return presentMigration(row, { migrated: 0, refused: [], failed: 0, unknown: 0 }, next);
}

/** How the instances of a migration have fared. */
export interface Progress {
  readonly migrated: number;
  readonly refused: readonly { readonly id: string; readonly reasons: readonly Reason[] }[];
  readonly failed: number;
  /** Refused so long ago that nobody knows why. */
  readonly unknown: number;
}

interface Reason {
  readonly code: string;
  readonly path: string;
  readonly detail: string;
}

/** A migration and how far it has come. */
export function presentMigration(row: MigrationRow, progress: Progress, next: string | null): MigrationOutput {
  const { _id, type, from, to, instances, createdBy, createdAt } = row;
  const { migrated, refused, failed, unknown } = progress;
  const settled = migrated + refused.length + failed + unknown;
  return {
    id: _id,
    type,
    from,
    to,
    state: settled === instances.length ? 'done' : 'running',
    instances: instances.length,
    ...countsOf(progress),
    failed,
    next,
    createdBy,
    createdAt: createdAt.toISOString(),
  };
}

/** What a migration would come to. */
export function presentDry(
  about: Pick<MigrationRow, 'type' | 'from' | 'to' | 'createdBy'>,
  progress: Progress,
  next: string | null,
  now: Date,
): MigrationOutput {
  const { type, from, to, createdBy } = about;
  const counts = countsOf(progress);
  return {
    id: null,
    type,
    from,
    to,
    state: 'dry',
    instances: counts.migrated + counts.refused,
    ...counts,
    failed: 0,
    next,
    createdBy,
    createdAt: now.toISOString(),
  };
}

function countsOf({ migrated, refused, unknown }: Progress) {
  const codes = new Map<string, number>();
  for (const { reasons } of refused) {
    const code = reasons[0]?.code ?? 'failed';
    codes.set(code, (codes.get(code) ?? 0) + 1);
  }
  if (unknown > 0) {
    codes.set('not-kept', unknown);
  }
  return {
    migrated,
    refused: refused.length + unknown,
    reasons: [...codes].map(([code, count]) => ({ code, count })),
    examples: refused
      .slice(0, mostExamples)
      .map(({ id, reasons }) => ({ id, reasons: reasons.map((one) => ({ ...one })) })),
  };
}
