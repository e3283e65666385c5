// The rows of machines: instances, their hash-chained steps, their timers. Written by the state-machine commands only.
import { canonicalJson, sha256 } from '../ids.ts';
import { defineCollection } from '../mongo/collection.ts';
import type { Json } from './json.ts';
import type { ChildRef, Effect, MachineEventInput, MachineStatus, StateValue, Trigger } from './kernel.ts';

/** A timer an instance waits for. `id` is its generation: another arming has another id. */
export interface ArmedTimer {
  readonly id: string;
  readonly sendId: string;
  readonly trigger: Trigger;
  readonly dueAt: Date;
  readonly requestId: string;
  /** What reactors may still cause from it on (events/reactor.ts). */
  readonly share?: number;
  /** What machines may still cause from it on, where it is a short one (credit.ts). */
  readonly credit?: number;
}

/** An event that somebody may send where an instance stands, and that its definition calls a task. */
export interface MachineTask {
  readonly event: string;
  readonly title: string;
  /** Whose task it is, by the names of people.ts. */
  readonly names: readonly string[];
  readonly since: Date;
}

/** One step of one instance. */
export interface StepRef {
  readonly type: string;
  readonly id: string;
  readonly seq: number;
}

/** Whose child an instance is, and which life of it. */
export interface ParentLink {
  /** The `_id` of the parent. */
  readonly instance: string;
  readonly child: ChildRef;
}

/** An event that came before there was a transition for it, kept until there is one. */
export interface DeferredEvent {
  readonly eventId: string;
  readonly event: MachineEventInput;
  readonly actor: string;
  readonly requestId: string;
  readonly share?: number;
  readonly credit?: number;
  readonly at: Date;
}

/** An effect that can be undone: `work` is the id of the row that does it. */
export interface Undoable {
  readonly work: string;
  readonly name: string;
  readonly params: Json;
}

/** One instance of a machine as it stands now. */
export interface MachineInstance {
  /** `<type>.<key>`. */
  readonly _id: string;
  readonly type: string;
  readonly key: string;
  readonly version: number;
  /** Steps applied since it was created. */
  readonly seq: number;
  readonly status: MachineStatus;
  readonly value: StateValue;
  readonly tags: readonly string[];
  readonly context: Json;
  readonly snapshot: Json;
  readonly timers: readonly ArmedTimer[];
  /** `hash` of its newest transition. */
  readonly lastHash: string;
  /** The user it is about, or null. */
  readonly owner: string | null;
  /** Users who take part in it. */
  readonly members: readonly string[];
  /** Who may read it, by the names of people.ts. */
  readonly readers: readonly string[];
  /** What it is found by: the paths of its states (`open`, `open.first`) and, with a `#`, its tags. */
  readonly marks: readonly string[];
  /** What it waits for from people; left out where that is nothing. */
  readonly tasks?: readonly MachineTask[];
  /** The names of all its tasks. */
  readonly taskNames?: readonly string[];
  /** Where it was forked: a trial of what might be, whose effects nobody does. */
  readonly forkedFrom?: StepRef;
  /** Digest of what it was created with. */
  readonly inputHash: string;
  readonly parent?: ParentLink;
  /** In the order they came. */
  readonly mailbox?: readonly DeferredEvent[];
  /** Effects it asked for that can be undone, oldest first; the newest hundred. */
  readonly undo?: readonly Undoable[];
  /** How many older ones cannot be undone any more; left out where none. */
  readonly undoLost?: number;
  /** Those that are being undone, the newest last: one after another, from the end. */
  readonly undoing?: readonly Undoable[];
  readonly rev: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** All instances. */
export const MachineInstances = defineCollection<MachineInstance>(
  'machine_instances',
  {
    type: String,
    key: String,
    version: Number,
    seq: Number,
    status: String,
    value: Object,
    tags: [String],
    context: Object,
    snapshot: Object,
    timers: [Object],
    lastHash: String,
    owner: String,
    members: [String],
    readers: [String],
    marks: [String],
    tasks: [Object],
    taskNames: [String],
    forkedFrom: Object,
    inputHash: String,
    parent: Object,
    mailbox: [Object],
    undo: [Object],
    undoLost: Number,
    undoing: [Object],
    rev: Number,
    createdAt: Date,
    updatedAt: Date,
  },
  [
    { key: { readers: 1, _id: 1 } },
    { key: { type: 1, marks: 1, _id: 1 } },
    { key: { taskNames: 1, _id: 1 }, partialFilterExpression: { taskNames: { $exists: true } } },
    // Those that run on a version and have not ended.
    { key: { type: 1, version: 1, status: 1, _id: 1 } },
  ],
  { kept: true },
);

/** One step of one instance; `seq` 0 is its creation. Never changed: each row carries the hash of the one before. */
export interface Transition {
  /** `transitionId(instance, eventId)`: one step for each event, however often it is sent. */
  readonly _id: string;
  readonly instance: string;
  readonly seq: number;
  readonly eventId: string;
  readonly event: MachineEventInput;
  readonly actor: string;
  readonly from: StateValue | null;
  readonly to: StateValue;
  /** Status, context and effects after the step: the answer a repeat gets, and the past for whoever asks. */
  readonly status: MachineStatus;
  readonly context: Json;
  readonly changed: boolean;
  readonly effects: readonly Effect[];
  readonly version: number;
  readonly requestId: string;
  readonly at: Date;
  readonly prevHash: string;
  readonly hash: string;
}

/** All steps. Unique by (instance, event) through `_id`. */
export const Transitions = defineCollection<Transition>(
  'transitions',
  {
    instance: String,
    seq: Number,
    eventId: String,
    event: Object,
    actor: String,
    from: Object,
    to: Object,
    status: String,
    context: Object,
    changed: Boolean,
    effects: [Object],
    version: Number,
    requestId: String,
    at: Date,
    prevHash: String,
    hash: String,
  },
  [{ key: { instance: 1, seq: 1 }, unique: true }, { key: { requestId: 1 } }],
);

/** A delayed event. `fired`: it was taken up, whatever came of it · `cancelled`: the machine no longer waits for it. */
export interface Timer {
  /** `<instance>-<seq>-<i>`: the step that armed it. */
  readonly _id: string;
  readonly instance: string;
  readonly sendId: string;
  readonly trigger: Trigger;
  readonly dueAt: Date;
  readonly state: 'armed' | 'fired' | 'cancelled';
  /** Shard of its instance. */
  readonly shard: string;
  readonly requestId: string;
  readonly share?: number;
  readonly credit?: number;
  readonly firedAt?: Date;
  /** Why the machine could not take it. */
  readonly error?: string;
  readonly expireAt?: Date;
}

/** All timers. Armed ones carry no `expireAt`, so retention never takes them. */
export const Timers = defineCollection<Timer>(
  'timers',
  {
    instance: String,
    sendId: String,
    trigger: Object,
    dueAt: Date,
    state: String,
    shard: String,
    requestId: String,
    share: Number,
    credit: Number,
    firedAt: Date,
    error: String,
    expireAt: Date,
  },
  [
    { key: { shard: 1, dueAt: 1, _id: 1 }, partialFilterExpression: { state: 'armed' } },
    { key: { requestId: 1 } },
    { key: { expireAt: 1 }, expireAfterSeconds: 0 },
  ],
  { kept: true },
);

/** The marks of where an instance stands; see MachineInstance. */
export function marksOf(value: StateValue, tags: readonly string[]): string[] {
  return [...statePaths(value), ...tags.map((tag) => `#${tag}`)];
}

function statePaths(value: StateValue): string[] {
  if (typeof value === 'string') {
    return [value];
  }
  return Object.entries(value).flatMap(([region, inner]) => [
    region,
    ...statePaths(inner).map((path) => `${region}.${path}`),
  ]);
}

/** The id of an instance. Types hold no `.`, so it can be taken apart again. */
export function instanceId(type: string, key: string): string {
  return `${type}.${key}`;
}

/** The id of the step an event causes, so that a repeat finds it by id. */
export function transitionId(instance: string, eventId: string): string {
  return sha256(`${instance} ${eventId}`);
}

/** Puts the hash on a row: SHA-256 over the hash before it and the row in canonical JSON. */
export function sealed(row: Omit<Transition, 'hash'>): Transition {
  return { ...row, hash: hashOf(row) };
}

function hashOf(row: Omit<Transition, 'hash'>): string {
  return sha256(row.prevHash + canonicalJson(row));
}

/**
 * True where rows of one instance, in order of `seq`, follow one another without a gap and none was altered.
 * The row of `seq` 0, and only it, begins a chain.
 */
export function verifyChain(rows: readonly Transition[]): boolean {
  return rows.every((row, index) => followsInChain(rows[index - 1], row));
}

/** True where a row is unaltered and the next one after `before`, of which number and hash are enough. */
export function followsInChain(before: Pick<Transition, 'seq' | 'hash'> | undefined, row: Transition): boolean {
  const { hash, ...rest } = row;
  const follows = before
    ? row.seq === before.seq + 1 && row.prevHash === before.hash
    : (row.seq === 0) === (row.prevHash === '');
  return follows && hash === hashOf(rest);
}
