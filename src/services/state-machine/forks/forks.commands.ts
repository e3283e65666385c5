// The write of forks. Run by the owner of the fork's shard.
import { defineCommand, type Command, type Decision, type State } from '#src/platform/commands/command.ts';
import type { AppError } from '#src/platform/errors.ts';
import { canonicalJson } from '#src/platform/ids.ts';
import { fork, type ForkSource } from '#src/platform/machines/fork.ts';
import { instanceId, MachineInstances, type MachineInstance } from '#src/platform/machines/store.ts';
import { definitionOf, loadDefinitions } from '../definitions/definitions.workflow.ts';
import { inputDiffers, stepFailed } from '../state-machine.errors.ts';
import { presentState } from '../state-machine.presenter.ts';
import { causeOf, unlessFailed } from '../state-machine.workflow.ts';
import { forkInput, type ForkInput } from './forks.schema.ts';

const idOf = ({ input }: Command<ForkInput>): string => instanceId(input.type, input.id);

/**
 * Makes an instance that stands where another one stood after a step; answers with its state. The same again: 200 and the
 * fork as it is. Errors: `state-machine.input-differs`, `state-machine.step-failed`.
 */
export const forkInstance = defineCommand<ForkInput>({
  kind: 'state-machine.instance.fork',
  pool: 'machines',
  input: forkInput,
  problems: [inputDiffers, stepFailed],
  key: ({ type, id }) => instanceId(type, id),
  identity: ({ type, id, timers, source: { from } }) => ({ type, id, timers, from }),
  load: async (commands, reader) => {
    const there = await reader.read(MachineInstances, commands.map(idOf));
    const made = commands.map(({ input: { type, source } }) => ({ type, version: source.version }));
    await loadDefinitions(reader, [...there, ...made]);
  },
  decide: (state, command, now) => unlessFailed(() => decideFork(state, command, now)),
});

function decideFork(state: State, command: Command<ForkInput>, now: Date): Decision | AppError {
  const { id, timers } = command.input;
  const source = command.input.source as ForkSource;
  const existing = state.get(MachineInstances, idOf(command));
  if (existing) {
    return canonicalJson(existing.forkedFrom ?? null) === canonicalJson(source.from)
      ? { result: shown(state, existing), status: 200 }
      : inputDiffers(`${existing._id} is taken`);
  }
  const { instance, writes } = fork(id, source, timers === 'restart', causeOf(command, now));
  return { writes, result: shown(state, instance) };
}

function shown(state: State, instance: MachineInstance) {
  return presentState(definitionOf(state, instance), instance);
}
