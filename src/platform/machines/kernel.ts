// The only place that runs XState: from a stored snapshot and an event to the next one, with everything else as data.
// Pure: no clock, no I/O, no living actor. Called by instance.ts; stored rows hold this file's names, not XState's.
import { getNextTransitions, type AnyMachineSnapshot, type AnyStateMachine, type EventObject } from 'xstate';
import { chartOf, type AfterTrigger, type Chart } from './chart.ts';
import type { MachineDefinition } from './definition.ts';
import { MachineFault } from './fault.ts';
import { toJson, type Json } from './json.ts';

const maxDelayMs = 100 * 365 * 86_400_000;

/** Where an instance stands: a name, or names by region. */
export type StateValue = string | { readonly [region: string]: StateValue };

/** `done`: in a final state · `error`, `stopped`: XState gave up on it; it takes nothing any more. */
export type MachineStatus = 'active' | 'done' | 'error' | 'stopped';

/** An event as it is sent and stored. */
export interface MachineEventInput {
  readonly type: string;
  readonly [member: string]: Json;
}

/** What a timer does when it is due. */
export type Trigger = AfterTrigger | { readonly kind: 'raise'; readonly event: MachineEventInput };

/** A timer to arm. Arming a `sendId` that is armed replaces it; `null` replaces nothing and cannot be cancelled. */
export interface TimerDraft {
  readonly sendId: string | null;
  readonly trigger: Trigger;
  readonly delayMs: number;
  readonly dueAt: Date;
}

/** A custom action of the chart, to be done by whoever stores the step. */
export interface Effect {
  readonly name: string;
  readonly params: Json;
}

/** One step that was taken. */
export interface Step {
  readonly accepted: true;
  /** What to hand to the next call. Plain JSON. */
  readonly snapshot: Json;
  readonly value: StateValue;
  readonly status: MachineStatus;
  readonly context: Json;
  readonly tags: readonly string[];
  readonly effects: readonly Effect[];
  /** To be armed after `cancels` are gone. */
  readonly timers: readonly TimerDraft[];
  readonly cancels: readonly string[];
}

/** The machine has no transition for this event here. Nothing happened. */
export interface NotAccepted {
  readonly accepted: false;
  /** Event types it has transitions for, guards aside. */
  readonly accepts: readonly string[];
}

/** True for event types that only the kernel makes, or that mean something else to XState. */
export function isReserved(type: string): boolean {
  return type === '' || type === '*' || /^@?xstate\./u.test(type);
}

/** The first step of a new instance. Throws MachineFault where the chart cannot start. */
export function start(definition: MachineDefinition, input: unknown, now: Date): Step {
  const chart = chartOf(definition);
  return guarded(definition, 'could not start', () => {
    const actions: Action[] = [];
    const snapshot = chart.machine.getInitialSnapshot(scopeOf(chart, actions), input) as AnyMachineSnapshot;
    // XState reports a failed start as a snapshot that looks like any other.
    if (snapshot.status === 'error') {
      throw snapshot.error;
    }
    return stepOf(chart, snapshot, actions, now);
  });
}

/**
 * The step an event from outside causes. Throws MachineFault where the chart fails or the type is reserved: doors
 * refuse reserved types before.
 */
export function step(
  definition: MachineDefinition,
  snapshot: Json,
  event: MachineEventInput,
  now: Date,
): Step | NotAccepted {
  if (isReserved(event.type)) {
    throw new MachineFault(`Events of the type ${event.type || '(empty)'} cannot be sent`);
  }
  return take(definition, snapshot, event, now);
}

/** The step a due timer causes. Throws MachineFault where the chart fails. */
export function fire(definition: MachineDefinition, snapshot: Json, trigger: Trigger, now: Date): Step | NotAccepted {
  if (trigger.kind === 'raise') {
    return step(definition, snapshot, trigger.event, now);
  }
  return take(definition, snapshot, { type: `xstate.after.${trigger.delay}.${trigger.state}` }, now);
}

/**
 * The snapshot of a chart without regions that stands at a state: for documents that keep state and context themselves,
 * where a whole instance would only repeat them.
 */
export function snapshotAt(state: string, context: Json): Json {
  return { status: 'active', value: state, context, children: {}, historyValue: {} };
}

/** The declared event types that an instance has a transition for, in the order of the definition; guards aside. */
export function accepts(definition: MachineDefinition, snapshot: Json): string[] {
  const { machine } = chartOf(definition);
  return guarded(definition, 'cannot be restored', () => acceptedBy(definition, restore(machine, snapshot)));
}

type Action = Parameters<Chart['scope']['actionExecutor']>[0];

function take(definition: MachineDefinition, stored: Json, event: EventObject, now: Date): Step | NotAccepted {
  const chart = chartOf(definition);
  return guarded(definition, `failed on ${event.type}`, () => {
    const before = restore(chart.machine, stored);
    // The same snapshot afterwards is no sign: an event that only causes actions keeps it, too.
    if (before.status !== 'active' || chart.machine.getTransitionData(before, event).length === 0) {
      return { accepted: false, accepts: acceptedBy(definition, before) };
    }
    const actions: Action[] = [];
    const after = chart.machine.transition(before, event, scopeOf(chart, actions)) as AnyMachineSnapshot;
    return stepOf(chart, after, actions, now);
  });
}

function scopeOf(chart: Chart, actions: Action[]): Chart['scope'] {
  return { ...chart.scope, actionExecutor: (action) => actions.push(action) };
}

function restore(machine: AnyStateMachine, stored: Json): AnyMachineSnapshot {
  return machine.restoreSnapshot(
    // A copy: an action that writes into its context must not reach what the caller keeps.
    toJson(stored, 'The stored snapshot') as unknown as Parameters<AnyStateMachine['restoreSnapshot']>[0],
    chartScopes,
  ) as AnyMachineSnapshot;
}

// Only actors inside a snapshot are given a scope, and chartOf refuses charts that could have one.
const chartScopes = undefined as never;

function acceptedBy(definition: MachineDefinition, snapshot: AnyMachineSnapshot): string[] {
  if (snapshot.status !== 'active') {
    return [];
  }
  const descriptors = getNextTransitions(snapshot).map((transition) => transition.eventType);
  return Object.keys(definition.events).filter((type) => descriptors.some((descriptor) => matches(type, descriptor)));
}

/** As XState matches event descriptors: the type itself, `*`, or a prefix that ends in `.*`. */
function matches(type: string, descriptor: string): boolean {
  return (
    descriptor === type ||
    descriptor === '*' ||
    (descriptor.endsWith('.*') && `${type}.`.startsWith(descriptor.slice(0, -1)))
  );
}

function stepOf(chart: Chart, snapshot: AnyMachineSnapshot, actions: readonly Action[], now: Date): Step {
  const stored = toJson(chart.machine.getPersistedSnapshot(snapshot), 'The snapshot') as { readonly context: Json };
  const effects: Effect[] = [];
  const cancels = new Set<string>();
  let timers: TimerDraft[] = [];
  const drop = (sendId: string | null): void => {
    timers = timers.filter((timer) => sendId === null || timer.sendId !== sendId);
  };
  for (const { type, params } of actions) {
    if (type === 'xstate.cancel') {
      const sendId = sendIdOf(chart, (params as { sendId: string }).sendId);
      cancels.add(sendId);
      drop(sendId);
    } else if (type === 'xstate.raise') {
      const timer = timerOf(chart, params as RaiseParams, now);
      if (timer) {
        drop(timer.sendId);
        timers.push(timer);
      }
    } else {
      effects.push({ name: type, params: toJson(params ?? {}, `The params of ${type}`) });
    }
  }
  return {
    accepted: true,
    snapshot: stored,
    value: snapshot.value as StateValue,
    status: snapshot.status,
    context: stored.context,
    tags: [...snapshot.tags],
    effects,
    timers,
    cancels: [...cancels],
  };
}

interface RaiseParams {
  readonly event: EventObject;
  readonly id: string | undefined;
  readonly delay: unknown;
}

/** Our name for what XState knows as a send id. */
function sendIdOf(chart: Chart, id: string): string {
  const after = chart.afters.get(id);
  return after ? `after.${after.delay}.${after.state}` : id;
}

/** Null for a raise without a delay: XState has taken it already. */
function timerOf(chart: Chart, { event, id, delay }: RaiseParams, now: Date): TimerDraft | null {
  const after = chart.afters.get(event.type);
  if (delay === undefined && !after) {
    return null;
  }
  if (typeof delay !== 'number' || !(delay >= 0 && delay <= maxDelayMs)) {
    throw new MachineFault(`The delay of ${event.type} is not a number of milliseconds up to a hundred years`);
  }
  return {
    sendId: id === undefined ? null : sendIdOf(chart, id),
    trigger: after ?? {
      kind: 'raise',
      event: toJson(event, `The event ${event.type}`) as unknown as MachineEventInput,
    },
    delayMs: delay,
    dueAt: new Date(now.getTime() + delay),
  };
}

function guarded<Result>(definition: MachineDefinition, what: string, body: () => Result): Result {
  try {
    return body();
  } catch (error) {
    throw new MachineFault(`The machine ${definition.type} ${what}`, error);
  }
}
