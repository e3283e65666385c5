// Definitions as clients see them.
import type { Lint } from '#src/platform/machines/data/data.ts';
import type { MachineDefinition } from '#src/platform/machines/definition.ts';
import type { FieldProblem } from '#src/platform/errors.ts';
import type { DefinitionRow, TypeRow } from './definitions.model.ts';
import type { DefinitionOutput, LintOutput, TypeOutput } from './definitions.schema.ts';

type VersionSummary = TypeOutput['versions'][number];
/** How many machines run on a version; null where it is not known. */
export type CountLive = (type: string, version: number) => number | null;

/** A lint as it is sent. */
export function presentLint({ errors, warnings }: Lint): LintOutput {
  return { errors: errors.map((one) => ({ ...one })), warnings: warnings.map((one) => ({ ...one })) };
}

/** The errors of a lint as parts of a problem; `part` is where the definition stands in the request. */
export function fieldProblemsOf({ errors }: Pick<Lint, 'errors'>, part = '/body/definition'): FieldProblem[] {
  return errors.map(({ code, path, detail }) => ({ pointer: `${part}${path}`, code, detail }));
}

function summaryOf(row: DefinitionRow, type: TypeRow | null, count: CountLive): VersionSummary {
  const { version, status, createdBy, createdAt } = row;
  return {
    version,
    status,
    current: type?.current?.version === version,
    live: count(row.type, version),
    createdBy,
    createdAt: createdAt.toISOString(),
  };
}

function builtInSummary(definition: MachineDefinition, newest: number, count: CountLive): VersionSummary {
  const { type, version } = definition;
  return {
    version,
    status: 'active',
    current: version === newest,
    live: count(type, version),
    createdBy: null,
    createdAt: null,
  };
}

/** A type that is data. */
export function presentType(type: TypeRow, rows: readonly DefinitionRow[], count: CountLive): TypeOutput {
  const newestFirst = rows.toSorted((left, right) => right.version - left.version);
  return {
    type: type._id,
    builtIn: false,
    current: type.current?.version ?? null,
    versions: newestFirst.map((row) => summaryOf(row, type, count)),
  };
}

/** A type of machines/. */
export function presentBuiltInType(versions: readonly MachineDefinition[], count: CountLive): TypeOutput {
  const newestFirst = versions.toSorted((left, right) => right.version - left.version);
  const newest = newestFirst[0]?.version ?? 0;
  return {
    type: newestFirst[0]?.type ?? '',
    builtIn: true,
    current: newest,
    versions: newestFirst.map((definition) => builtInSummary(definition, newest, count)),
  };
}

/** A version that is data. */
export function presentVersion(row: DefinitionRow, type: TypeRow | null, count: CountLive): DefinitionOutput {
  return {
    type: row.type,
    builtIn: false,
    ...summaryOf(row, type, count),
    hash: row.hash,
    source: JSON.parse(row.source) as Record<string, unknown>,
    lint: presentLint({ errors: [], warnings: row.warnings }),
  };
}

/** A version of machines/. */
export function presentBuiltIn(
  definition: MachineDefinition,
  newest: number,
  lint: Lint,
  count: CountLive,
): DefinitionOutput {
  return {
    type: definition.type,
    builtIn: true,
    ...builtInSummary(definition, newest, count),
    hash: null,
    source: null,
    lint: presentLint(lint),
  };
}
