// Going on with the events that wait for an instance, where one decision had no room for all. Run by the owner of its shard.
import { defineCommand, type Command, type Decision, type State } from '#src/platform/commands/command.ts';
import { MachineInstances } from '#src/platform/machines/store.ts';
import { definitionOf, loadDefinitions } from '../definitions/definitions.workflow.ts';
import { decisionOfWaiting } from '../state-machine.workflow.ts';
import { tryInput, tryKind, type TryInput } from './early.schema.ts';

/**
 * Tries events that wait: `outcome` is `tried`, or `stale` where the instance has taken a step meanwhile, which tried them
 * all from the first.
 */
export const tryDeferred = defineCommand<TryInput>({
  kind: tryKind,
  pool: 'machines',
  input: tryInput,
  key: ({ instance }) => instance,
  load: async (commands, reader) => {
    const ids = commands.map(({ input }) => input.instance);
    await loadDefinitions(reader, await reader.read(MachineInstances, ids));
  },
  decide: decideTry,
});

function decideTry(state: State, { input }: Command<TryInput>, now: Date): Decision {
  const instance = state.get(MachineInstances, input.instance);
  if (instance?.seq !== input.seq) {
    return { result: { outcome: 'stale' } };
  }
  const definition = definitionOf(state, instance);
  return { ...decisionOfWaiting(definition, instance, now, input.from), result: { outcome: 'tried' } };
}
