// What passes between a machine and its children: the end of a child, and the order to end. Run by the owner of the
// shard of the machine that is moved by it.
import { defineCommand, type Command, type Decision, type State } from '#src/platform/commands/command.ts';
import type { ChildEnd } from '#src/platform/machines/instance.ts';
import { halt, settleChild } from '#src/platform/machines/instance.ts';
import { toJson } from '#src/platform/machines/json.ts';
import { MachineInstances } from '#src/platform/machines/store.ts';
import { definitionOf, loadDefinitions } from '../definitions/definitions.workflow.ts';
import { presentOutcome } from '../state-machine.presenter.ts';
import { causeOf, decisionOf } from '../state-machine.workflow.ts';
import { childEndKind, childStopKind, endInput, stopInput, type EndInput, type StopInput } from './children.schema.ts';
import { stoppedEvent } from './children.workflow.ts';

type Load = Parameters<typeof defineCommand<{ instance: string }>>[0]['load'];

const loadInstances: Load = async (commands, reader) => {
  const ids = commands.map(({ input }) => input.instance);
  await loadDefinitions(reader, await reader.read(MachineInstances, ids));
};

/**
 * Moves a machine by the end of a child of its: `outcome` is `taken`, or `stale` where this life of the child is over for
 * it. A chart that fails on it leaves a dead letter, to be redriven when the chart is mended.
 */
export const endChild = defineCommand<EndInput>({
  kind: childEndKind,
  pool: 'machines',
  input: endInput,
  key: ({ instance }) => instance,
  load: loadInstances,
  decide: (state, command, now) => {
    const instance = state.get(MachineInstances, command.input.instance);
    if (instance?.status !== 'active') {
      return stale;
    }
    const definition = definitionOf(state, instance);
    const { child, outcome } = command.input;
    const taken = settleChild(definition, instance, child, endOf(command.input), causeOf(command, now));
    return taken.accepted
      ? { ...decisionOf(definition, taken), result: { outcome: 'taken', end: outcome, seq: taken.transition.seq } }
      : stale;
  },
});

/**
 * Ends a child whose parent waits for it no more: `outcome` is `stopped`, or `stale` where it has ended already. Where it
 * is not begun yet the row comes again: it must not begin afterwards.
 */
export const stopChild = defineCommand<StopInput>({
  kind: childStopKind,
  pool: 'machines',
  input: stopInput,
  key: ({ instance }) => instance,
  load: loadInstances,
  decide: decideStop,
});

const stale: Decision = Object.freeze({ result: { outcome: 'stale' } });

function endOf({ outcome, output, error }: EndInput): ChildEnd {
  return outcome === 'done'
    ? { output: toJson(output ?? null, 'The output') }
    : { error: toJson(error ?? null, 'The error') };
}

function decideStop(state: State, command: Command<StopInput>, now: Date): Decision {
  const { instance: id, parent, undo } = command.input;
  const instance = state.get(MachineInstances, id);
  if (!instance) {
    throw new Error(`There is no machine ${id} yet`);
  }
  if (instance.status !== 'active' || instance.parent?.instance !== parent.instance) {
    return stale;
  }
  const definition = definitionOf(state, instance);
  const taken = halt(definition, instance, { type: stoppedEvent }, undo, causeOf(command, now));
  return taken.accepted
    ? {
        ...decisionOf(definition, taken),
        result: { outcome: 'stopped', ...presentOutcome(instance, taken.transition) },
      }
    : stale;
}
