// Reads of definitions.
import { limits } from '#config/limits.ts';
import { decodeCursor, encodeCursor, toPage, type Page } from '#src/platform/http/cursor.ts';
import { lintMachine } from '#src/platform/machines/data/data.ts';
import type { MachineDefinition } from '#src/platform/machines/definition.ts';
import { MachineInstances } from '#src/platform/machines/store.ts';
import { definitionUnknown } from './definitions.errors.ts';
import { definitionId, MachineDefinitions, MachineTypes, type DefinitionRow } from './definitions.model.ts';
import { builtIn, isBuiltIn } from './definitions.policy.ts';
import {
  presentBuiltIn,
  presentBuiltInType,
  presentType,
  presentVersion,
  type CountLive,
} from './definitions.presenter.ts';
import type { DefinitionOutput, TypeOutput } from './definitions.schema.ts';
import { definitionFor } from './definitions.workflow.ts';

/** Versions of one type that a list shows, the newest. */
const mostShown = 50;

/** Types by name, built-in ones too, each with its newest versions and how many machines run on them. */
export async function findTypes({
  limit,
  cursor,
}: {
  limit: number;
  cursor?: string | undefined;
}): Promise<Page<TypeOutput>> {
  const purpose = 'state-machine.definitions';
  const after = cursor === undefined ? '' : String(decodeCursor(purpose, cursor));
  const ofData = await MachineTypes.native()
    .find({ _id: { $gt: after } }, { maxTimeMS: limits.mongoMs })
    .sort({ _id: 1 })
    .limit(limit + 1)
    .toArray();
  const ofMachines = [...new Set(builtIn.map(({ type }) => type))].filter((type) => type > after);
  const names = [...ofMachines, ...ofData.map(({ _id }) => _id)].toSorted().slice(0, limit + 1);
  const [versions, count] = await Promise.all([newestOf(names), countLive(names)]);
  const present = (name: string): TypeOutput => {
    const row = ofData.find(({ _id }) => _id === name);
    return row
      ? presentType(row, versions.get(name) ?? [], count)
      : presentBuiltInType(
          builtIn.filter(({ type }) => type === name),
          count,
        );
  };
  return toPage(names, limit, present, (name) => encodeCursor(purpose, name));
}

async function newestOf(types: readonly string[]): Promise<Map<string, DefinitionRow[]>> {
  const rows = await Promise.all(
    types
      .filter((type) => !isBuiltIn(type))
      .map(
        async (type) =>
          await MachineDefinitions.native()
            .find({ type }, { maxTimeMS: limits.mongoMs, projection: { source: 0, warnings: 0 } })
            .sort({ version: -1 })
            .limit(mostShown)
            .toArray(),
      ),
  );
  return new Map(rows.filter(([first]) => first !== undefined).map((group) => [group[0]?.type ?? '', group]));
}

/** How many machines that have not ended run on which version. An index answers; where it takes long, nobody knows. */
export async function countLive(types: readonly string[]): Promise<CountLive> {
  try {
    const groups = await MachineInstances.native()
      .aggregate<{ _id: { type: string; version: number }; live: number }>(
        [
          { $match: { type: { $in: [...types] }, status: 'active' } },
          { $group: { _id: { type: '$type', version: '$version' }, live: { $sum: 1 } } },
        ],
        { maxTimeMS: limits.mongoMs },
      )
      .toArray();
    const counts = new Map(groups.map(({ _id: { type, version }, live }) => [definitionId(type, version), live]));
    return (type, version) => counts.get(definitionId(type, version)) ?? 0;
  } catch (error) {
    if ((error as { code?: unknown }).code !== maxTimeExpired) {
      throw error;
    }
    return () => null;
  }
}

const maxTimeExpired = 50;

/** How many machines that have not ended run on a version; counting ends at a thousand. */
export async function liveOn(type: string, version: number): Promise<number> {
  return await MachineInstances.native().countDocuments(
    { type, version, status: 'active' },
    { limit: 1_000, maxTimeMS: limits.mongoMs },
  );
}

/** The types that there are among these, which are data. */
export async function typesAmong(names: readonly string[]): Promise<string[]> {
  const rows = await MachineTypes.native()
    .find({ _id: { $in: [...names] } }, { maxTimeMS: limits.mongoMs, projection: { _id: 1 } })
    .limit(names.length + 1)
    .toArray();
  return rows.map(({ _id }) => _id);
}

/** How many types are data, counted up to `most`. */
export async function countTypes(most: number): Promise<number> {
  return await MachineTypes.native().countDocuments({}, { limit: most, maxTimeMS: limits.mongoMs });
}

/** A version, the one new machines run on where none is named. Errors: state-machine.definition-not-found. */
export async function readDefinition(type: string, version: number | undefined): Promise<DefinitionOutput> {
  if (isBuiltIn(type)) {
    const definition = await definitionFor(type, version);
    if (!definition) {
      throw unknown(type, version);
    }
    const newest = Math.max(...builtIn.filter((one) => one.type === type).map((one) => one.version));
    return presentBuiltIn(definition, newest, lintMachine(definition), await countLive([type]));
  }
  const [row, owner] = await Promise.all([
    readVersion(type, version),
    MachineTypes.native().findOne({ _id: type }, { maxTimeMS: limits.mongoMs }),
  ]);
  return presentVersion(row, owner, await countLive([type]));
}

/** The row of a version; of the current one, or the newest where there is none, where none is named. */
export async function readVersion(type: string, version: number | undefined): Promise<DefinitionRow> {
  const options = { maxTimeMS: limits.mongoMs };
  const named = version ?? (await currentOf(type));
  const row = await MachineDefinitions.native().findOne({ _id: definitionId(type, named) }, options);
  if (!row) {
    throw unknown(type, version);
  }
  return row;
}

/** True for a version that no machine has been made to run on yet. */
export async function isDraft(type: string, version: number): Promise<boolean> {
  const draft = { _id: definitionId(type, version), status: 'draft' as const };
  return (await MachineDefinitions.native().countDocuments(draft, { limit: 1, maxTimeMS: limits.mongoMs })) > 0;
}

async function currentOf(type: string): Promise<number> {
  const row = await MachineTypes.native().findOne({ _id: type }, { maxTimeMS: limits.mongoMs });
  return row?.current?.version ?? row?.latest ?? 0;
}

function unknown(type: string, version: number | undefined) {
  return definitionUnknown(
    version === undefined ? `There is no machine of the type ${type}` : `There is no version ${version} of ${type}`,
  );
}

/**
 * A version, ready to run; of data that has no current one the newest. Errors: state-machine.definition-not-found,
 * state-machine.not-runnable.
 */
export async function runnable(type: string, version: number | undefined): Promise<MachineDefinition> {
  const named = version ?? (isBuiltIn(type) ? undefined : await currentOf(type));
  const definition = await definitionFor(type, named);
  if (!definition) {
    throw unknown(type, version);
  }
  return definition;
}
