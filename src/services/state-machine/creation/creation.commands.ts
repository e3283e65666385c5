// The writes of machines: create an instance. Run by the owner of the instance's shard, before any event of its.
import { defineCommand, type Command, type Decision, type State } from '#src/platform/commands/command.ts';
import { problems, type AppError } from '#src/platform/errors.ts';
import { fieldProblems } from '#src/platform/http/problem.ts';
import { canonicalJson, sha256 } from '#src/platform/ids.ts';
import type { MachineDefinition } from '#src/platform/machines/definition.ts';
import { create } from '#src/platform/machines/instance.ts';
import { instanceId, MachineInstances, type MachineInstance } from '#src/platform/machines/store.ts';
import { isChildKey } from '../children/children.workflow.ts';
import { definitionIn, definitionOf, loadDefinitions } from '../definitions/definitions.workflow.ts';
import { inputDiffers, stepFailed, typeUnknown } from '../state-machine.errors.ts';
import { askerOf, mayDo, mayRead } from '../state-machine.policy.ts';
import { presentState } from '../state-machine.presenter.ts';
import { createBody, createInput, createKind, type CreateInput } from '../state-machine.schema.ts';
import { causeOf, decisionOf, unlessFailed } from '../state-machine.workflow.ts';

/**
 * Creates an instance; answers with its state. The same input again: 200 and the state as it is.
 * Errors: `state-machine.unknown-type`, `request.forbidden`, `request.invalid`, `state-machine.input-differs`,
 * `state-machine.step-failed`.
 */
export const createInstance = defineCommand<CreateInput>({
  kind: createKind,
  pool: 'machines',
  input: createInput,
  problems: [typeUnknown, problems.forbidden, problems.invalid, inputDiffers, stepFailed],
  key: ({ type, id }) => instanceId(type, id),
  schedulable: { needs: ['machine.operate'], input: createBody },
  identity: ({ asker: _asker, ...input }) => input,
  load: async (commands, reader) => {
    const existing = await reader.read(MachineInstances, commands.map(instanceOf));
    await loadDefinitions(reader, [...existing, ...commands.map(({ input: { type } }) => ({ type }))]);
  },
  decide: (state, command, now) => unlessFailed(() => decideCreate(state, command, now), command),
});

function instanceOf({ input }: Command<CreateInput>): string {
  return instanceId(input.type, input.id);
}

function decideCreate(state: State, command: Command<CreateInput>, now: Date): Decision | AppError {
  const { type } = command.input;
  const existing = state.get(MachineInstances, instanceOf(command));
  // What it was created with is known by the version it runs on: new ones may want something else, or be none any more.
  const definition = existing ? definitionOf(state, existing) : definitionIn(state, type);
  if (!definition) {
    return typeUnknown(`There is no machine of the type ${type}`);
  }
  const asker = askerOf(command);
  if (!asker.operates && definition.access.create.every((principal) => principal === 'operator')) {
    return problems.forbidden(`You may not create machines of the type ${type}`);
  }
  return existing ? again(definition, existing, command) : begin(definition, command, now);
}

/** There is one of this id: whoever asks for the very same again is told how it stands. */
function again(
  definition: MachineDefinition,
  existing: MachineInstance,
  command: Command<CreateInput>,
): Decision | AppError {
  // Whether there is one of this id is for those who may see it.
  if (!mayRead(askerOf(command), existing.readers)) {
    return inputDiffers(`${existing._id} is taken`);
  }
  const { input, parent } = command.input;
  const parsed = definition.input.safeParse(input ?? {});
  const isSame =
    parsed.success &&
    existing.inputHash === sha256(canonicalJson(parsed.data)) &&
    canonicalJson(existing.parent) === canonicalJson(parent);
  return isSame
    ? { result: presentState(definition, existing), status: 200 }
    : inputDiffers(`${existing._id} exists and was created with other input`);
}

function begin(definition: MachineDefinition, command: Command<CreateInput>, now: Date): Decision | AppError {
  const { type, id, input, parent } = command.input;
  if (!parent && isChildKey(id)) {
    const detail = 'Ids of the form <type>.<id>.<child>.<number> are those of children';
    return problems.invalid(undefined, { errors: [{ pointer: '/body/id', code: 'reserved', detail }] });
  }
  const parsed = definition.input.safeParse(input ?? {});
  if (!parsed.success) {
    return problems.invalid(undefined, { errors: fieldProblems('body/input', parsed.error) });
  }
  const inputHash = sha256(canonicalJson(parsed.data));
  const born = { id, input: parsed.data as Record<string, unknown>, inputHash, ...(parent ? { parent } : {}) };
  const created = create(definition, born, causeOf(command, now));
  if (!mayDo(askerOf(command), definition.access.create, created.instance)) {
    return problems.forbidden(`You may not create this machine of the type ${type}`);
  }
  return { ...decisionOf(definition, created), result: presentState(definition, created.instance) };
}
