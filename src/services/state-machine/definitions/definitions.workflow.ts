// Which definition an instance runs on: one of machines/, or one that is data. Asked by everything that runs or draws.
//
// A command says in `load` which it needs (`loadDefinitions`) and takes them in `decide` (`definitionIn`, `definitionOf`);
// a read asks at once (`definitionFor`, `definitionBehind`).
import { limits } from '#config/limits.ts';
import type { Reader, State } from '#src/platform/commands/command.ts';
import { compileDefinition, DefinitionError, parseDefinition } from '#src/platform/machines/data/data.ts';
import type { MachineDefinition } from '#src/platform/machines/definition.ts';
import { LackingFault, MachineFault } from '#src/platform/machines/fault.ts';
import type { MachineInstance } from '#src/platform/machines/store.ts';
import { notRunnable } from './definitions.errors.ts';
import { definitionId, MachineDefinitions, MachineTypes, type DefinitionRow } from './definitions.model.ts';
import { builtIn, isBuiltIn } from './definitions.policy.ts';

/** A version of a type; the one that new instances run on where none is named. An instance is such a name, too. */
export interface DefinitionName {
  readonly type: string;
  readonly version?: number | undefined;
}

type RunsOn = Pick<MachineInstance, '_id' | 'type' | 'version'>;

/**
 * For `load`: reads what `definitionIn` and `definitionOf` will be asked for. Nothing is read for types of machines/ and
 * for what this process has run lately. Instances that were read may be handed over as they are.
 */
export async function loadDefinitions(reader: Reader, wanted: Iterable<DefinitionName | null>): Promise<void> {
  const asked = [...wanted].filter((name) => name !== null).filter(({ type }) => !isBuiltIn(type));
  if (asked.length === 0) {
    return;
  }
  const newest = asked.filter(({ version }) => version === undefined).map(({ type }) => type);
  const types = await reader.read(MachineTypes, newest);
  const needed = [
    ...asked.flatMap(({ type, version }) =>
      version === undefined ? [] : [{ id: definitionId(type, version), hash: undefined }],
    ),
    ...types.flatMap((row) =>
      row?.current ? [{ id: definitionId(row._id, row.current.version), hash: row.current.hash }] : [],
    ),
  ];
  await reader.read(
    MachineDefinitions,
    needed.filter(({ id, hash }) => kept(id, hash) === undefined).map(({ id }) => id),
  );
}

/**
 * For `decide`: a version of a type, the one new instances run on where none is named; undefined where there is none.
 * Throws MachineFault where what is stored cannot be run.
 */
export function definitionIn(state: State, type: string, version?: number): MachineDefinition | undefined {
  if (isBuiltIn(type)) {
    return ofMachines(type, version);
  }
  const current = version === undefined ? state.get(MachineTypes, type)?.current : { version, hash: undefined };
  if (!current) {
    return undefined;
  }
  const id = definitionId(type, current.version);
  return kept(id, current.hash) ?? compiled(state.get(MachineDefinitions, id));
}

/** For `decide`: the definition an instance runs on. Throws where there is none: that is a deploy gone wrong, not a no. */
export function definitionOf(state: State, instance: RunsOn): MachineDefinition {
  return found(definitionIn(state, instance.type, instance.version), instance);
}

/** For reads: as `definitionIn`. Errors: `state-machine.not-runnable`. */
export async function definitionFor(type: string, version?: number): Promise<MachineDefinition | undefined> {
  if (isBuiltIn(type)) {
    return ofMachines(type, version);
  }
  const current =
    version === undefined
      ? (await MachineTypes.native().findOne({ _id: type }, { maxTimeMS: limits.mongoMs }))?.current
      : { version, hash: undefined };
  if (!current) {
    return undefined;
  }
  const _id = definitionId(type, current.version);
  const known = kept(_id, current.hash);
  return known ?? readied(await MachineDefinitions.native().findOne({ _id }, { maxTimeMS: limits.mongoMs }));
}

function readied(row: DefinitionRow | null): MachineDefinition | undefined {
  try {
    return compiled(row);
  } catch (error) {
    throw error instanceof MachineFault ? notRunnable(error.message) : error;
  }
}

/** For reads: as `definitionOf`. Errors: `state-machine.not-runnable`. */
export async function definitionBehind(instance: RunsOn): Promise<MachineDefinition> {
  return found(await definitionFor(instance.type, instance.version), instance);
}

function ofMachines(type: string, version: number | undefined): MachineDefinition | undefined {
  return builtIn
    .filter((definition) => definition.type === type && (version === undefined || definition.version === version))
    .toSorted((left, right) => right.version - left.version)[0];
}

function found(definition: MachineDefinition | undefined, { _id, version }: RunsOn): MachineDefinition {
  if (!definition) {
    throw new Error(`${_id} runs on version ${version} of its machine, which there is not`);
  }
  return definition;
}

interface Ready {
  readonly definition: MachineDefinition;
  readonly hash: string;
  readonly usedAt: number;
}

/** Definitions made ready, in the order of their last use. What a version says never changes, so none grows old. */
const ready = new Map<string, Ready>();
const mostReady = 128;
/** What was just used stays, however many there are: a batch counts on what it found here. */
const leastMs = 60_000;

/** `hash` is only known where a type was read: it tells a database that was put in the place of another. */
function kept(id: string, hash: string | undefined): MachineDefinition | undefined {
  const one = ready.get(id);
  if (!one || (hash !== undefined && hash !== one.hash)) {
    return undefined;
  }
  keep(id, one);
  return one.definition;
}

function keep(id: string, { definition, hash }: Omit<Ready, 'usedAt'>): void {
  const now = Date.now();
  ready.delete(id);
  ready.set(id, { definition, hash, usedAt: now });
  for (const [oldest, { usedAt }] of ready) {
    if (ready.size <= mostReady || now - usedAt < leastMs) {
      return;
    }
    ready.delete(oldest);
  }
}

function compiled(row: DefinitionRow | null): MachineDefinition | undefined {
  if (!row) {
    return undefined;
  }
  const definition = compile(row);
  keep(row._id, { definition, hash: row.hash });
  return definition;
}

function compile({ _id, type, version, source }: DefinitionRow): MachineDefinition {
  try {
    return compileDefinition(parseDefinition(JSON.parse(source)), { type, version });
  } catch (error) {
    // It could be run when it was registered: the product has changed since.
    throw error instanceof DefinitionError ? new LackingFault(`${_id} cannot be run`, error) : error;
  }
}
