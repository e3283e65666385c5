// Writes of definitions that are data. Each is an act of an admin: the audit has it in the same transaction.
import { actDone } from '#src/platform/audit/audit.ts';
import {
  defineCommand,
  insert,
  put,
  type Command,
  type Decision,
  type Reader,
  type State,
} from '#src/platform/commands/command.ts';
import type { AppError } from '#src/platform/errors.ts';
import { sha256 } from '#src/platform/ids.ts';
import type { Lint } from '#src/platform/machines/data/data.ts';
import { definitionInvalid, definitionUnknown, tooManyDefinitions, typeIsTaken } from './definitions.errors.ts';
import {
  definitionId,
  MachineDefinitions,
  MachineTypes,
  type DefinitionRow,
  type TypeRow,
} from './definitions.model.ts';
import { lintFor, mostVersions, typeTaken } from './definitions.policy.ts';
import { fieldProblemsOf, presentLint } from './definitions.presenter.ts';
import { registerInput, versionInput, type RegisterInput, type VersionInput } from './definitions.schema.ts';

const keyOf = ({ type }: { readonly type: string }): string => `definition.${type}`;

function contentOf({ type, source }: Pick<RegisterInput, 'type' | 'source'>): string {
  return `${type}@${sha256(source)}`;
}

/**
 * Keeps a definition as the next version of its type. What the type says already is the version it is: 200.
 * Codes: state-machine.definition-invalid, state-machine.type-taken, state-machine.too-many-definitions.
 */
export const registerDefinition = defineCommand<RegisterInput>({
  kind: 'state-machine.definition.register',
  pool: 'direct',
  input: registerInput,
  identity: ({ type, source, activate }) => ({ type, source, activate }),
  problems: [definitionInvalid, typeIsTaken, tooManyDefinitions],
  key: keyOf,
  load: async (commands, reader) => {
    const inputs = commands.map(({ input }) => input);
    await Promise.all([
      reader.read(
        MachineTypes,
        inputs.map(({ type }) => type),
      ),
      reader.readBy(MachineDefinitions, 'content', inputs.map(contentOf)),
    ]);
  },
  decide: decideRegister,
});

function decideRegister(state: State, command: Command<RegisterInput>, now: Date): Decision | AppError {
  const { type, source, activate, ...allowed } = command.input;
  const taken = typeTaken(type);
  if (taken !== null) {
    return typeIsTaken(taken);
  }
  const lint = lintFor(JSON.parse(source), { type, ...allowed });
  if (lint.errors.length > 0) {
    return definitionInvalid(undefined, { errors: fieldProblemsOf(lint) });
  }
  const before = state.get(MachineTypes, type);
  const known = state.getBy(MachineDefinitions, 'content', contentOf(command.input));
  if (known && before) {
    const { status, ...decision } = activate === true ? activated(command.id, before, known) : { status: known.status };
    return { ...decision, result: { type, version: known.version, status, lint: presentLint(lint) }, status: 200 };
  }
  return nextVersion(command, before, lint, now);
}

function nextVersion(
  { id, actor, input }: Command<RegisterInput>,
  before: TypeRow | null,
  lint: Lint,
  now: Date,
): Decision | AppError {
  const { type, source, activate = true } = input;
  const { latest, current, rev } = before ?? { latest: 0, current: null, rev: -1 };
  if (latest >= mostVersions) {
    return tooManyDefinitions(`${type} has ${mostVersions} versions: go on under another name`);
  }
  const version = latest + 1;
  const hash = sha256(source);
  const row: DefinitionRow = {
    _id: definitionId(type, version),
    type,
    version,
    source,
    hash,
    content: contentOf(input),
    status: activate ? 'active' : 'draft',
    warnings: lint.warnings,
    createdBy: actor,
    createdAt: now,
    rev: 0,
  };
  const after: TypeRow = { _id: type, current: activate ? { version, hash } : current, latest: version, rev: rev + 1 };
  return {
    writes: [insert(MachineDefinitions, row), before ? put(MachineTypes, after) : insert(MachineTypes, after)],
    events: [actOn(id, 'register', row)],
    result: { type, version, status: row.status, lint: presentLint(lint) },
  };
}

/** Makes new machines of a type run on a version, a retired or an older one too. Codes: state-machine.definition-not-found. */
export const activateVersion = defineCommand<VersionInput>({
  kind: 'state-machine.definition.activate',
  pool: 'direct',
  input: versionInput,
  problems: [definitionUnknown],
  key: keyOf,
  load: loadVersion,
  decide: (state, { id, input }) => {
    const { type, row } = stored(state, input);
    if (!type || !row) {
      return definitionUnknown(`There is no version ${input.version} of ${input.type}`);
    }
    const { status, ...decision } = activated(id, type, row);
    return { ...decision, result: { type: input.type, version: input.version, status, current: true } };
  },
});

/**
 * Retires a version that nobody runs on: see its route. Where new machines ran on it, none are made any more.
 * Codes: state-machine.definition-not-found.
 */
export const retireVersion = defineCommand<VersionInput>({
  kind: 'state-machine.definition.retire',
  pool: 'direct',
  input: versionInput,
  problems: [definitionUnknown],
  key: keyOf,
  load: loadVersion,
  decide: (state, { id, input }) => {
    const { type, row } = stored(state, input);
    if (!type || !row) {
      return definitionUnknown(`There is no version ${input.version} of ${input.type}`);
    }
    const result = { type: input.type, version: input.version, status: 'retired', current: false };
    if (row.status === 'retired') {
      return { result };
    }
    const left =
      type.current?.version === row.version ? [put(MachineTypes, { ...type, current: null, rev: type.rev + 1 })] : [];
    return {
      writes: [put(MachineDefinitions, { ...row, status: 'retired' as const, rev: row.rev + 1 }), ...left],
      events: [actOn(id, 'retire', row)],
      result,
    };
  },
});

async function loadVersion(commands: readonly Command<VersionInput>[], reader: Reader): Promise<void> {
  const inputs = commands.map(({ input }) => input);
  await Promise.all([
    reader.read(
      MachineTypes,
      inputs.map(({ type }) => type),
    ),
    reader.read(
      MachineDefinitions,
      inputs.map(({ type, version }) => definitionId(type, version)),
    ),
  ]);
}

function stored(state: State, { type, version }: VersionInput): { type: TypeRow | null; row: DefinitionRow | null } {
  return { type: state.get(MachineTypes, type), row: state.get(MachineDefinitions, definitionId(type, version)) };
}

/** What makes a version the one that new machines run on; nothing where it is. */
function activated(
  act: string,
  type: TypeRow,
  row: DefinitionRow,
): Pick<Decision, 'writes' | 'events'> & { readonly status: 'active' } {
  if (type.current?.version === row.version) {
    return { status: 'active' };
  }
  const current = { version: row.version, hash: row.hash };
  return {
    writes: [
      put(MachineTypes, { ...type, current, rev: type.rev + 1 }),
      ...(row.status === 'active'
        ? []
        : [put(MachineDefinitions, { ...row, status: 'active' as const, rev: row.rev + 1 })]),
    ],
    events: [actOn(act, 'activate', row)],
    status: 'active',
  };
}

function actOn(act: string, verb: string, { type, version }: DefinitionRow) {
  return actDone(act, { action: `machine.definition.${verb}`, target: { type, version: String(version) } });
}

/** Commands of this area. */
export const definitionCommands = [registerDefinition, activateVersion, retireVersion];
