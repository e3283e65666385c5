// Events that come before an instance has a transition for them: what its definition says becomes of them, and how those
// that are kept get in later. Pure.
import type { WorkDraft } from '#src/platform/commands/command.ts';
import type { MachineDefinition } from '#src/platform/machines/definition.ts';
import { MachineFault } from '#src/platform/machines/fault.ts';
import { advance, type Advance, type StepCause } from '#src/platform/machines/instance.ts';
import type { MachineEventInput } from '#src/platform/machines/kernel.ts';
import { transitionId, type DeferredEvent, type MachineInstance } from '#src/platform/machines/store.ts';
import { stepsTaken } from '#src/platform/rules/cel.ts';
import { tryKind } from './early.schema.ts';

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

/** Events that are tried in one decision, and the steps of CEL after which none is begun any more: one step's worth. */
const mostTries = 50;
const stepsOfTries = 400_000;

/**
 * What one decision may spend on events that wait: each may cost as much as a step, and nobody else's turn comes
 * meanwhile. Counts, not clocks: the same events always get as far.
 */
export class Tries {
  readonly #begun = stepsTaken();
  #left = mostTries;

  /** Takes one try; false where none is left. */
  next(): boolean {
    this.#left -= 1;
    return this.#left >= 0 && stepsTaken() - this.#begun < stepsOfTries;
  }
}

/** `taken`: an event that waited has been taken · `untried`: the decision has spent its tries before this one. */
export type NextDeferred<Followed> = { readonly taken: Followed } | { readonly untried: DeferredEvent };

/**
 * The step of the first event that waited and is taken now, in the order they came; null where none is. `from`: those
 * before it have been tried where the instance stands. `follow` says what is committed of it; an event on which the chart
 * fails goes on waiting, so that it stops nobody else.
 */
export function nextDeferred<Followed>(
  definition: MachineDefinition,
  instance: MachineInstance,
  { now, tries, from }: { readonly now: Date; readonly tries: Tries; readonly from?: string | undefined },
  follow: (taken: Advance) => Followed,
): NextDeferred<Followed> | null {
  const mailbox = instance.status === 'active' ? (instance.mailbox ?? []) : [];
  // From the first, too, where that one is there no more.
  const first = Math.max(
    0,
    mailbox.findIndex(({ eventId }) => eventId === from),
  );
  for (const waiting of mailbox.slice(first)) {
    if (!tries.next()) {
      return { untried: waiting };
    }
    const followed = tried(definition, without(instance, waiting), waiting, now, follow);
    if (followed) {
      return { taken: followed };
    }
  }
  return null;
}

/** The row that tries the events that wait from one on, where the instance stands as it does now. */
export function laterTry({ _id, seq }: MachineInstance, { eventId }: DeferredEvent): WorkDraft {
  return {
    kind: tryKind,
    input: { instance: _id, seq, from: eventId },
    cause: `d.${transitionId(_id, `${seq} ${eventId}`)}`,
  };
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
