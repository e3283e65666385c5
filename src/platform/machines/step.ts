// What the kernel makes of an event, as data. Stored rows hold these names, never XState's.
import type { AfterTrigger } from './chart.ts';
import type { Json } from './json.ts';

/** Where an instance stands: a name, or names by region. */
export type StateValue = string | { readonly [region: string]: StateValue };

/** `done`: in a final state · `error`, `stopped`: it gave up; it takes nothing any more. */
export type MachineStatus = 'active' | 'done' | 'error' | 'stopped';

/** An event as it is sent and stored. */
export interface MachineEventInput {
  readonly type: string;
  readonly [member: string]: Json;
}

/** One life of a child: another spawn under the same id has the next number. */
export interface ChildRef {
  readonly id: string;
  readonly generation: number;
}

/** A child to begin. */
export interface Spawn extends ChildRef {
  /** The type of a machine, or `effect:` and the name of an effect. */
  readonly src: string;
  readonly input: Json;
  /** True for an `invoke`, whose end belongs to its state; false for one the chart spawned by an action. */
  readonly invoked: boolean;
}

/** Whom a chart speaks to besides itself. */
export type SendTarget = 'parent' | ChildRef;

/** An event for another instance. */
export interface Send {
  readonly to: SendTarget;
  readonly event: MachineEventInput;
}

/** What a timer does when it is due. */
export type Trigger =
  | AfterTrigger
  | { readonly kind: 'raise'; readonly event: MachineEventInput }
  | ({ readonly kind: 'send' } & Send);

/** A timer to arm. Arming a `sendId` that is armed replaces it; `null` replaces nothing and cannot be cancelled. */
export interface TimerDraft {
  readonly sendId: string | null;
  readonly trigger: Trigger;
  readonly delayMs: number;
  readonly dueAt: Date;
}

/** A custom action of the chart, to be done by whoever stores the step. XState's own `emit` and `log` are such, too. */
export interface Effect {
  readonly name: string;
  readonly params: Json;
  /** The child it is, where a state invoked it or an action spawned it. */
  readonly child?: ChildRef;
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
  /** What a machine that is `done` comes to; null where it says nothing. */
  readonly output: Json;
  /** Why it has the status `error`; otherwise null. */
  readonly error: Json;
  readonly effects: readonly Effect[];
  /** To be armed after `cancels` are gone. */
  readonly timers: readonly TimerDraft[];
  readonly cancels: readonly string[];
  /** Children to begin, then events to send, then children to end: each `generation` says which life is meant. */
  readonly spawns: readonly Spawn[];
  readonly sends: readonly Send[];
  readonly stops: readonly ChildRef[];
}

/** The machine has no transition for this event here, or no longer waits for this child. Nothing happened. */
export interface NotAccepted {
  readonly accepted: false;
  /** Event types it has transitions for, guards aside. */
  readonly accepts: readonly string[];
}
