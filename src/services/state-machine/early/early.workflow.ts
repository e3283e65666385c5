// Events that come before an instance has a transition for them: what its definition says becomes of them, and how those
// that are kept get in later. Pure.
import type { MachineDefinition } from '#src/platform/machines/definition.ts';
import { MachineFault } from '#src/platform/machines/fault.ts';
import { advance, type Advance, type StepCause } from '#src/platform/machines/instance.ts';
import type { MachineEventInput } from '#src/platform/machines/kernel.ts';
import type { DeferredEvent, MachineInstance } from '#src/platform/machines/store.ts';

/** The most events that wait for one instance. */
export const mostDeferred = 100;

/**
 * What becomes of an event that has no transition where an instance stands. One that has ended takes nothing any more,
 * and keeps nothing.
 */
export function earlyPolicy(definition: MachineDefinition, instance: MachineInstance, type: string) {
  const declared = Object.hasOwn(definition.events, type) ? definition.events[type] : undefined;
  const policy = declared?.early ?? definition.early;
  return policy === 'defer' && instance.status !== 'active' ? 'reject' : policy;
}

/** The instance with one more event that waits; null where there are too many. */
export function deferred(
  instance: MachineInstance,
  event: MachineEventInput,
  { now, ...cause }: StepCause,
): MachineInstance | null {
  const waiting = instance.mailbox ?? [];
  return waiting.length >= mostDeferred
    ? null
    : {
        ...instance,
        mailbox: [...waiting, { ...cause, event, at: now }],
        rev: instance.rev + 1,
        updatedAt: now,
      };
}

/**
 * The step of the first event that waited and is taken now, in the order they came; null where none is. `follow` says
 * what is committed of it; an event on which the chart fails goes on waiting, so that it stops nobody else.
 */
export function nextDeferred<Followed>(
  definition: MachineDefinition,
  instance: MachineInstance,
  now: Date,
  follow: (taken: Advance) => Followed,
): Followed | null {
  const { mailbox = [] } = instance;
  for (const waiting of instance.status === 'active' ? mailbox : []) {
    const followed = tried(definition, without(instance, waiting), waiting, now, follow);
    if (followed) {
      return followed;
    }
  }
  return null;
}

function without(instance: MachineInstance, taken: DeferredEvent): MachineInstance {
  return { ...instance, mailbox: (instance.mailbox ?? []).filter((waiting) => waiting !== taken) };
}

function tried<Followed>(
  definition: MachineDefinition,
  instance: MachineInstance,
  { event, at: _at, ...cause }: DeferredEvent,
  now: Date,
  follow: (taken: Advance) => Followed,
): Followed | null {
  try {
    const taken = advance(definition, instance, event, { ...cause, now });
    return taken.accepted ? follow(taken) : null;
  } catch (error) {
    if (error instanceof MachineFault) {
      return null;
    }
    throw error;
  }
}
