// What another version of a definition would have made of an instance: its history is played on it, at the times it
// happened. Pure; nothing is written.
import { canonicalJson } from '../../ids.ts';
import type { MachineDefinition } from '../definition.ts';
import { MachineFault } from '../fault.ts';
import type { Json } from '../json.ts';
import type { MachineEventInput, MachineStatus, StateValue } from '../kernel.ts';
import type { Transition } from '../store.ts';
import { begin, isMoved, isTimersRow, ring, send, settle, type Replica, type ReplicaTimer } from './replica.ts';
import { missingIn } from './states-of.ts';

/** A row of a history, as far as it is played. */
export type LoggedStep = Pick<Transition, 'seq' | 'eventId' | 'event' | 'actor' | 'at' | 'to' | 'status' | 'context'>;

interface Standing {
  readonly value: StateValue;
  readonly status: MachineStatus;
}

/**
 * Where an instance would stand. `rejected`: an event of the past is not taken · `failed`: the chart fails on one ·
 * `state-missing`: it stands in a state that the version lacks · `differs`: it would stand elsewhere.
 */
export interface Impact {
  readonly outcome: 'same' | 'differs' | 'rejected' | 'state-missing' | 'failed';
  /** Where it was rejected or failed. */
  readonly seq: number | null;
  readonly stands: Standing;
  /** Null where the history cannot be played to its end. */
  readonly would: Standing | null;
  readonly contextDiffers: boolean;
  /** The states it stands in that the version lacks. */
  readonly missing: readonly string[];
  readonly detail: string | null;
}

/** Plays a history: all rows of one instance, `seq` 0 first, and says what comes of it. */
export function impactOf(
  definition: MachineDefinition,
  { key, rows }: { readonly key: string; readonly rows: readonly LoggedStep[] },
): Impact {
  const last = rows.at(-1);
  if (!last) {
    throw new Error(`The instance ${key} has no history`);
  }
  const stands = { value: last.to, status: last.status };
  const missing = last.status === 'active' ? missingIn(definition, last.to) : [];
  const played = play(definition, key, rows);
  if ('seq' in played) {
    return { ...played, stands, would: null, contextDiffers: false, missing };
  }
  const { value, context } = played.replica.last;
  const would = { value, status: played.status };
  const same = canonicalJson(would) === canonicalJson(stands);
  return {
    outcome: missing.length > 0 ? 'state-missing' : same ? 'same' : 'differs',
    seq: null,
    stands,
    would,
    contextDiffers: canonicalJson(context) !== canonicalJson(last.context),
    missing,
    detail: null,
  };
}

interface Broken {
  readonly outcome: 'rejected' | 'failed';
  readonly seq: number;
  readonly detail: string;
}

interface Played {
  readonly replica: Replica;
  readonly status: MachineStatus;
}

function play(definition: MachineDefinition, key: string, rows: readonly LoggedStep[]): Played | Broken {
  let replica: Replica | null = null;
  let halted: MachineStatus | null = null;
  for (const [index, row] of rows.entries()) {
    try {
      if (replica) {
        replica = caughtUp(definition, replica, row, rows.slice(index));
        const next: Replica | string = played(definition, replica, row);
        if (typeof next === 'string') {
          return { outcome: 'rejected', seq: row.seq, detail: next };
        }
        replica = next;
        halted = isHalt(row.event) ? row.status : halted;
      } else {
        replica = begun(definition, key, row);
      }
    } catch (error) {
      if (!(error instanceof MachineFault)) {
        throw error;
      }
      return { outcome: 'failed', seq: row.seq, detail: error.message };
    }
  }
  const stood = replica as Replica;
  return { replica: stood, status: halted ?? stood.last.status };
}

function begun(definition: MachineDefinition, key: string, { event, at, actor }: LoggedStep): Replica {
  const { input = {} } = event as { readonly input?: Json };
  const parsed = definition.input.safeParse(input);
  if (!parsed.success) {
    throw new MachineFault(`What it was created with does not fit: ${parsed.error.message}`);
  }
  return begin(definition, key, parsed.data as Json, { now: at, actor });
}

/**
 * Lets timers go off that this version has and the history has not. Those that both have go off when they did: the
 * history knows how late that was.
 */
function caughtUp(
  definition: MachineDefinition,
  before: Replica,
  { at }: LoggedStep,
  coming: readonly LoggedStep[],
): Replica {
  let replica = before;
  const isOverdue = (timer: ReplicaTimer): boolean =>
    timer.dueAt < at && !coming.some((row) => isTimers(row) && isTimersRow(timer, row.event));
  for (let next = replica.timers.find(isOverdue); next; next = replica.timers.find(isOverdue)) {
    replica = ring(definition, replica, next, { now: next.dueAt, actor: 'system' });
    if (replica.steps > before.steps + 1_000) {
      throw new MachineFault('Its timers go off more than a thousand times between two steps');
    }
  }
  return replica;
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
