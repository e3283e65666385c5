// An instance that lives in memory only: it stands somewhere, waits for timers, and moves by the kernel as one in the
// database would. For simulations and for replaying histories.
import { canonicalJson } from '../../ids.ts';
import { childrenOf } from '../children.ts';
import type { MachineDefinition } from '../definition.ts';
import type { Json } from '../json.ts';
import {
  complete,
  fail,
  fire,
  start,
  step,
  type MachineEventInput,
  type NotAccepted,
  type Step,
  type Surroundings,
  type Trigger,
} from '../kernel.ts';

/** A timer a replica waits for. */
export interface ReplicaTimer {
  readonly name: string;
  readonly trigger: Trigger;
  readonly dueAt: Date;
}

/** Where a replica stands: its last step, and what it waits for. */
export interface Replica {
  readonly last: Step;
  /** In the order they are due. */
  readonly timers: readonly ReplicaTimer[];
  /** Steps it has taken. */
  readonly steps: number;
}

/** A new one. Throws MachineFault where the chart cannot start. */
export function begin(definition: MachineDefinition, id: string, input: Json, around: Surroundings): Replica {
  const first = start(definition, { ...(input as object), id }, around);
  return moved({ last: first, timers: [], steps: -1 }, first);
}

/** What an event comes to. Throws MachineFault where the chart fails. */
export function send(
  definition: MachineDefinition,
  replica: Replica,
  event: MachineEventInput,
  around: Surroundings,
): Replica | NotAccepted {
  return movedBy(replica, step(definition, replica.last.snapshot, event, around));
}

/** What a timer comes to; it is waited for no longer, whatever that is. Throws as `send`. */
export function ring(
  definition: MachineDefinition,
  replica: Replica,
  timer: ReplicaTimer,
  around: Surroundings,
): Replica {
  const waiting = { ...replica, timers: replica.timers.filter((other) => other !== timer) };
  const taken = fire(definition, replica.last.snapshot, timer.trigger, around);
  return taken.accepted ? moved(waiting, taken) : waiting;
}

/** What the end of a child comes to; null where there is no such child. Throws as `send`. */
export function settle(
  definition: MachineDefinition,
  replica: Replica,
  end: { readonly id: string; readonly output?: Json; readonly error?: Json | undefined },
  around: Surroundings,
): Replica | NotAccepted | null {
  const { snapshot } = replica.last;
  const child = childrenOf(snapshot).find(({ id, ended }) => id === end.id && !ended);
  if (!child) {
    return null;
  }
  const taken =
    end.error === undefined
      ? complete(definition, snapshot, child, end.output ?? null, around)
      : fail(definition, snapshot, child, end.error, around);
  return movedBy(replica, taken);
}

/** True for a replica, false for an event that was not accepted. */
export function isMoved(outcome: Replica | NotAccepted): outcome is Replica {
  return 'last' in outcome;
}

/** The event a timer is in a history. */
export function eventOfTimer({ trigger, name }: ReplicaTimer): MachineEventInput {
  return trigger.kind === 'raise' ? trigger.event : { type: name };
}

/** True where a row of a history is this timer going off. */
export function isTimersRow(timer: ReplicaTimer, event: MachineEventInput): boolean {
  return canonicalJson(eventOfTimer(timer)) === canonicalJson(event);
}

function movedBy(replica: Replica, taken: Step | NotAccepted): Replica | NotAccepted {
  return taken.accepted ? moved(replica, taken) : taken;
}

function moved(replica: Replica, taken: Step): Replica {
  const steps = replica.steps + 1;
  if (taken.status !== 'active') {
    return { last: taken, timers: [], steps };
  }
  const armed = taken.timers.map(({ sendId, trigger, dueAt }, index) => ({
    name: sendId ?? `timer-${steps}-${index}`,
    trigger,
    dueAt,
  }));
  const gone = new Set([...taken.cancels, ...armed.map(({ name }) => name)]);
  const kept = replica.timers.filter(({ name }) => !gone.has(name));
  const timers = [...kept, ...armed].toSorted((left, right) => left.dueAt.getTime() - right.dueAt.getTime());
  return { last: taken, timers, steps };
}
