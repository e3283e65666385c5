// Timers of machines that go off. Run by the owner of the instance's shard, like its other steps.
import { defineCommand, put, type Command, type Decision, type State } from '#src/platform/commands/command.ts';
import { firedTimer, withoutTimer } from '#src/platform/machines/arming.ts';
import type { MachineDefinition } from '#src/platform/machines/definition.ts';
import { LackingFault, MachineFault } from '#src/platform/machines/fault.ts';
import { expire, type StepCause } from '#src/platform/machines/instance.ts';
import {
  MachineInstances,
  Timers,
  type ArmedTimer,
  type MachineInstance,
  type Timer,
} from '#src/platform/machines/store.ts';
import { timerFireKind } from '#src/platform/machines/timers.ts';
import { definitionOf, loadDefinitions } from '../definitions/definitions.workflow.ts';
import { presentOutcome } from '../state-machine.presenter.ts';
import { fireInput, type FireInput } from '../state-machine.schema.ts';
import { causeOf, decisionOf } from '../state-machine.workflow.ts';

/**
 * Lets a due timer go off. It is marked fired whatever comes of it; `outcome` is `fired`, `failed` where the chart
 * failed on it, or `stale` where the machine no longer waits for this generation of it. Where the product lacks what the
 * chart needs it stays armed, with a dead letter to be redriven.
 */
export const fireTimer = defineCommand<FireInput>({
  kind: timerFireKind,
  pool: 'machines',
  input: fireInput,
  key: ({ instance }) => instance,
  load: async (commands, reader) => {
    const [instances] = await Promise.all([
      reader.read(
        MachineInstances,
        commands.map(({ input }) => input.instance),
      ),
      reader.read(
        Timers,
        commands.map(({ input }) => input.timerId),
      ),
    ]);
    await loadDefinitions(reader, instances);
  },
  decide: decideFire,
});

function decideFire(state: State, command: Command<FireInput>, now: Date): Decision {
  const timer = state.get(Timers, command.input.timerId);
  if (timer?.state !== 'armed') {
    return { result: { outcome: 'stale' } };
  }
  const instance = state.get(MachineInstances, command.input.instance);
  const armed = instance?.timers.find((waiting) => waiting.id === timer._id);
  if (!instance || !armed) {
    return { writes: [put(Timers, firedTimer(timer, now))], result: { outcome: 'stale' } };
  }
  try {
    return goneOff(definitionOf(state, instance), instance, timer, armed, causeOf(command, now, `t.${timer._id}`));
  } catch (error) {
    // What this version of the product lacks, another one has: the row comes again, and is kept where it gives up.
    if (!(error instanceof MachineFault) || error instanceof LackingFault) {
      throw error;
    }
    // Trying again would fail again: the machine stops waiting, and the timer's row keeps the reason.
    return { writes: spent(instance, timer, now, error.message), result: { outcome: 'failed', error: error.message } };
  }
}

function goneOff(
  definition: MachineDefinition,
  instance: MachineInstance,
  timer: Timer,
  armed: ArmedTimer,
  cause: StepCause,
): Decision {
  const taken = expire(definition, instance, armed, cause);
  if (!taken.accepted) {
    return { writes: spent(instance, timer, cause.now), result: { outcome: 'fired', changed: false } };
  }
  const { writes, ...rest } = decisionOf(definition, taken);
  return {
    ...rest,
    writes: [...writes, put(Timers, firedTimer(timer, cause.now))],
    result: { outcome: 'fired', ...presentOutcome(instance, taken.transition) },
  };
}

function spent(instance: MachineInstance, timer: Timer, now: Date, error?: string) {
  const waiting = withoutTimer(instance, timer._id);
  return [
    put(Timers, firedTimer(timer, now, error)),
    put(MachineInstances, { ...waiting, rev: instance.rev + 1, updatedAt: now }),
  ];
}
