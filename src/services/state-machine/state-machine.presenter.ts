// Rows of machines as clients see them.
import type { MachineDefinition } from '#src/platform/machines/definition.ts';
import { accepts } from '#src/platform/machines/kernel.ts';
import type { MachineInstance, Transition } from '#src/platform/machines/store.ts';
import type { Verdict } from '#src/platform/machines/verdicts.ts';
import type { EventOutput, InstanceSummary, StateOutput, VerdictOutput } from './state-machine.schema.ts';

/** An instance as it stands. */
export function presentState(definition: MachineDefinition, instance: MachineInstance): StateOutput {
  return {
    type: instance.type,
    id: instance.key,
    version: instance.version,
    seq: instance.seq,
    value: instance.value,
    status: instance.status,
    context: instance.context,
    tags: [...instance.tags],
    accepts: accepts(definition, instance.snapshot),
    timers: instance.timers
      .toSorted((left, right) => left.dueAt.getTime() - right.dueAt.getTime())
      .map((timer) => ({ name: timer.sendId, dueAt: timer.dueAt.toISOString() })),
    ...forkOf(instance),
    createdAt: instance.createdAt.toISOString(),
    updatedAt: instance.updatedAt.toISOString(),
  };
}

function forkOf({ forkedFrom }: Pick<MachineInstance, 'forkedFrom'>): Pick<MachineInstance, 'forkedFrom'> {
  return forkedFrom ? { forkedFrom } : {};
}

/** What one transition's guard says of an event. */
export function presentVerdict({ target, ...verdict }: Verdict): VerdictOutput {
  return { ...verdict, target: [...target] };
}

/** An instance in a list. */
export function presentSummary(instance: MachineInstance): InstanceSummary {
  const { type, key: id, version, seq, value, status, tags, createdAt, updatedAt } = instance;
  return {
    type,
    id,
    version,
    seq,
    value,
    status,
    tags: [...tags],
    ...forkOf(instance),
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

/** What an event came to: the same from the stored step as at the time. */
export function presentOutcome(instance: Pick<MachineInstance, 'type' | 'key'>, transition: Transition): EventOutput {
  return {
    type: instance.type,
    id: instance.key,
    seq: transition.seq,
    value: transition.to,
    status: transition.status,
    context: transition.context,
    changed: transition.changed,
    effects: transition.effects.map(({ name, params }) => ({ name, params })),
  };
}
