// Rows of machines as clients see them.
import { childrenOf } from '#src/platform/machines/children.ts';
import type { MachineDefinition } from '#src/platform/machines/definition.ts';
import { accepts } from '#src/platform/machines/kernel.ts';
import { effectPrefix } from '#src/platform/machines/effects.ts';
import type { MachineInstance, ParentLink, Transition } from '#src/platform/machines/store.ts';
import type { Verdict } from '#src/platform/machines/verdicts.ts';
import { childKey } from './children/children.workflow.ts';
import type { BriefOutput, EventOutput, InstanceSummary, StateOutput, VerdictOutput } from './state-machine.schema.ts';

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
    ...(instance.parent ? { parent: presentParent(instance.parent) } : {}),
    children: presentChildren(instance),
    deferred: (instance.mailbox ?? []).map(({ event, at }) => ({ type: event.type, at: at.toISOString() })),
    undoing: instance.undoing?.length ?? 0,
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

function presentParent({ instance, child }: ParentLink): StateOutput['parent'] {
  const dot = instance.indexOf('.');
  return { type: instance.slice(0, dot), id: instance.slice(dot + 1), child: child.id, generation: child.generation };
}

function presentChildren({ _id, snapshot }: MachineInstance): StateOutput['children'] {
  return childrenOf(snapshot).map(({ id, generation, src, ended }) => ({
    id,
    type: src,
    instance: src.startsWith(effectPrefix) ? null : childKey(_id, { id, generation }),
    generation,
    status: ended ? ('ended' as const) : ('active' as const),
  }));
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
    effects: [...transition.effects],
  };
}

/** What an event came to that has no transition yet, or never: nothing moved. */
export function presentEarly(instance: MachineInstance, early: 'deferred' | 'ignored'): EventOutput {
  const { type, key: id, seq, value, status, context } = instance;
  return { type, id, seq, value, status, context, changed: false, effects: [], early };
}

/** What cancelling came to: as an event, and how many effects are too old to be undone, where there are any. */
export function presentCancelled(instance: MachineInstance, transition: Transition): EventOutput {
  const { undoLost = 0 } = instance;
  return { ...presentOutcome(instance, transition), ...(undoLost === 0 ? {} : { notUndone: undoLost }) };
}

/** As much of an outcome as is for whoever may send an event or cancel, and not read the machine. */
export function presentBrief({ value: _v, status: _s, context: _c, effects: _e, ...brief }: EventOutput): BriefOutput {
  return brief;
}
