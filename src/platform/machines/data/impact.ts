// What another version of a definition would have made of an instance: its history is played on it, at the times it
// happened. Pure; nothing is written.
import { canonicalJson } from '../../ids.ts';
import type { MachineDefinition } from '../definition.ts';
import { MachineFault } from '../fault.ts';
import type { Json } from '../json.ts';
import type { MachineEventInput, MachineStatus, StateValue } from '../kernel.ts';
import type { Transition } from '../store.ts';
import {
  begin,
  eventOfTimer,
  isMoved,
  isTimersRow,
  ring,
  send,
  settle,
  type Replica,
  type ReplicaTimer,
} from './replica.ts';
import { missingIn } from './states-of.ts';

/** A row of a history, as far as it is played. */
export type LoggedStep = Pick<Transition, 'seq' | 'eventId' | 'event' | 'actor' | 'at' | 'status'>;

/** What is played: where an instance stands, and all rows of it until then, `seq` 0 first. */
export interface History {
  readonly key: string;
  readonly stands: Standing & { readonly context: Json };
  readonly rows: readonly LoggedStep[];
}

interface Standing {
  readonly value: StateValue;
  readonly status: MachineStatus;
}

/**
 * Where an instance would stand. `rejected`: an event of the past is not taken · `failed`: the chart fails on one ·
 * `state-missing`: it stands in a state that the version lacks · `differs`: it would stand elsewhere · `too-long`: nobody
 * knows, because playing it takes too much.
 */
export interface Impact {
  readonly outcome: 'same' | 'differs' | 'rejected' | 'state-missing' | 'failed' | 'too-long';
  /** Where it was rejected or failed. */
  readonly seq: number | null;
  readonly stands: Standing;
  /** Null where the history cannot be played to its end. */
  readonly would: Standing | null;
  readonly contextDiffers: boolean;
  /** The states it stands in that the version lacks. */
  readonly missing: readonly string[];
  readonly detail: string | null;
  /** Steps of the chart that were played. */
  readonly steps: number;
}

/** Steps of the chart that are played of one instance: timers of the version may go off far more often than events came. */
export const mostPlayed = 2_000;

/** Plays a history and says what comes of it. Step by step: whoever asks for the next one says when, and whether at all. */
export function* impactOf(
  definition: MachineDefinition,
  { key, stands: { context, ...stands }, rows }: History,
): Generator<undefined, Impact> {
  if (rows.length === 0) {
    throw new Error(`The instance ${key} has no history`);
  }
  const missing = stands.status === 'active' ? missingIn(definition, stands.value) : [];
  const played = yield* play(definition, key, rows);
  if ('outcome' in played) {
    return { ...played, stands, would: null, contextDiffers: false, missing };
  }
  const { last } = played.replica;
  const would = { value: last.value, status: played.status };
  const same = canonicalJson(would) === canonicalJson(stands);
  return {
    outcome: missing.length > 0 ? 'state-missing' : same ? 'same' : 'differs',
    seq: null,
    stands,
    would,
    contextDiffers: canonicalJson(last.context) !== canonicalJson(context),
    missing,
    detail: null,
    steps: played.steps,
  };
}

interface Broken {
  readonly outcome: 'rejected' | 'failed' | 'too-long';
  readonly seq: number | null;
  readonly detail: string;
  readonly steps: number;
}

interface Played {
  readonly replica: Replica;
  readonly steps: number;
  readonly status: MachineStatus;
}

function* play(
  definition: MachineDefinition,
  key: string,
  rows: readonly LoggedStep[],
): Generator<undefined, Played | Broken> {
  const coming = new ComingTimers(rows);
  let replica: Replica | null = null;
  let halted: MachineStatus | null = null;
  let steps = 0;
  for (const row of rows) {
    for (let isTaken = false; !isTaken;) {
      if (steps === mostPlayed) {
        const detail = `Playing it takes more than ${mostPlayed} steps, those of the timers of this version included`;
        return { outcome: 'too-long', seq: null, detail, steps };
      }
      steps += 1;
      yield;
      const overdue: ReplicaTimer | undefined = replica?.timers.find(
        (timer) => timer.dueAt < row.at && !coming.has(timer),
      );
      const next: Replica | Refusal = moved(definition, key, replica, overdue ?? row);
      if ('outcome' in next) {
        return { ...next, seq: row.seq, steps };
      }
      replica = next;
      isTaken = overdue === undefined;
    }
    coming.pass(row);
    halted = isHalt(row.event) ? row.status : halted;
  }
  const stood = replica as Replica;
  return { replica: stood, steps, status: halted ?? stood.last.status };
}

/**
 * Which timers go off later in a history. Those that it and the version have go off when they did: the history knows how
 * late that was. Those that only the version has go off when they are due.
 */
class ComingTimers {
  readonly #left = new Map<string, number>();

  constructor(rows: readonly LoggedStep[]) {
    rows.filter(isTimers).forEach(({ event }) => this.#count(event, 1));
  }

  has(timer: ReplicaTimer): boolean {
    return (this.#left.get(canonicalJson(eventOfTimer(timer))) ?? 0) > 0;
  }

  pass(row: LoggedStep): void {
    if (isTimers(row)) {
      this.#count(row.event, -1);
    }
  }

  #count(event: MachineEventInput, by: number): void {
    const name = canonicalJson(event);
    this.#left.set(name, (this.#left.get(name) ?? 0) + by);
  }
}

type Refusal = Pick<Broken, 'outcome' | 'detail'>;

/** After one step of the chart: a timer that goes off, or a row. */
function moved(
  definition: MachineDefinition,
  key: string,
  replica: Replica | null,
  next: ReplicaTimer | LoggedStep,
): Replica | Refusal {
  try {
    if (!replica) {
      return begun(definition, key, next as LoggedStep);
    }
    if ('dueAt' in next) {
      return ring(definition, replica, next, { now: next.dueAt, actor: 'system' });
    }
    const after = played(definition, replica, next);
    return typeof after === 'string' ? { outcome: 'rejected', detail: after } : after;
  } catch (error) {
    if (!(error instanceof MachineFault)) {
      throw error;
    }
    return { outcome: 'failed', detail: error.message };
  }
}

function begun(definition: MachineDefinition, key: string, { event, at, actor }: LoggedStep): Replica {
  const { input = {} } = event as { readonly input?: Json };
  const parsed = definition.input.safeParse(input);
  if (!parsed.success) {
    throw new MachineFault(`What it was created with does not fit: ${parsed.error.message}`);
  }
  return begin(definition, key, parsed.data as Json, { now: at, actor });
}

/** The replica after a row, or why the row is rejected. */
function played(definition: MachineDefinition, replica: Replica, row: LoggedStep): Replica | string {
  const around = { now: row.at, actor: row.actor };
  if (isOurs(row.event)) {
    return replica;
  }
  if (isTimers(row)) {
    const timer = replica.timers.find((waiting) => isTimersRow(waiting, row.event));
    return timer ? ring(definition, replica, timer, around) : replica;
  }
  const { child, output, error } = row.event as ChildEnd;
  if (child && /^(?:done|error)\./u.test(row.event.type)) {
    const end = row.event.type.startsWith('done.') ? { output: output ?? null } : { error: error ?? null };
    const settled = settle(definition, replica, { id: child.id, ...end }, around);
    return settled && isMoved(settled) ? settled : `It does not wait for ${child.id}`;
  }
  return sent(definition, replica, row);
}

function sent(definition: MachineDefinition, replica: Replica, { event, at, actor }: LoggedStep): Replica | string {
  const { type, ...payload } = event;
  const declared = Object.hasOwn(definition.events, type) ? definition.events[type] : undefined;
  const parsed = declared?.payload.safeParse(payload);
  if (parsed?.success === false) {
    return `The payload of ${type} does not fit: ${parsed.error.message}`;
  }
  const outcome = send(definition, replica, event, { now: at, actor });
  if (isMoved(outcome)) {
    return outcome;
  }
  return (declared?.early ?? definition.early) === 'reject' ? `${type} is not taken where it stands then` : replica;
}

type ChildEnd = MachineEventInput & {
  readonly child?: { readonly id: string };
  readonly output?: Json;
  readonly error?: Json;
};

function isTimers({ eventId }: LoggedStep): boolean {
  return eventId.startsWith('t.');
}

/** Rows that are no step of the chart: an instance was halted from outside, or moved to another version. */
function isOurs({ type }: MachineEventInput): boolean {
  return type.startsWith('@') || type === 'migrated';
}

function isHalt({ type }: MachineEventInput): boolean {
  return type === '@cancel' || type === '@stop';
}
