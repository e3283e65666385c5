// From a step of the kernel to the rows it leaves: pure, called by the decide of the state-machine commands.
import { limits } from '#config/limits.ts';
import { retention } from '#config/retention.ts';
import { put, insert, type Write } from '../commands/command.ts';
import { shardFor } from '../commands/work.ts';
import { canonicalJson } from '../ids.ts';
import type { Migration } from './data/data.ts';
import type { MachineDefinition } from './definition.ts';
import { MachineFault } from './fault.ts';
import { toJson } from './json.ts';
import { fire, start, step, type MachineEventInput, type NotAccepted, type Step, type TimerDraft } from './kernel.ts';
import { concernsAfter } from './tasks.ts';
import {
  instanceId,
  MachineInstances,
  marksOf,
  sealed,
  Timers,
  transitionId,
  Transitions,
  type ArmedTimer,
  type MachineInstance,
  type Timer,
  type Transition,
} from './store.ts';

/** Who and what caused a step. `eventId` makes it unique within its instance. */
export interface StepCause {
  readonly eventId: string;
  readonly actor: string;
  readonly requestId: string;
  readonly now: Date;
  /** What reactors may still cause from it on (events/reactor.ts); timers it arms hand it on. */
  readonly share?: number;
}

/** A step as rows: all of them are written together or not at all. */
export interface Advance {
  readonly accepted: true;
  readonly instance: MachineInstance;
  readonly transition: Transition;
  readonly writes: readonly Write[];
  /** What it leaves to be done besides rows: children to begin and end, events to send. */
  readonly step: Step;
}

/** A new instance, at `seq` 0. Throws MachineFault where the chart cannot start. */
export function create(
  definition: MachineDefinition,
  born: { readonly id: string; readonly input: Record<string, unknown>; readonly inputHash: string },
  cause: StepCause,
): Advance {
  const taken = start(definition, { ...born.input, id: born.id }, cause);
  const before = {
    _id: instanceId(definition.type, born.id),
    type: definition.type,
    key: born.id,
    version: definition.version,
    seq: -1,
    timers: [],
    lastHash: '',
    inputHash: born.inputHash,
    rev: -1,
    createdAt: cause.now,
  };
  return applied(definition, before, null, creationWith(born.input), taken, cause);
}

/** The event of a first step. It carries the input, so that the log alone can be played again. */
function creationWith(input: Record<string, unknown>): MachineEventInput {
  const json = toJson(input, 'The input');
  return Object.keys(input).length === 0 ? { type: 'created' } : { type: 'created', input: json };
}

/** The next step of an instance on an event. Throws MachineFault where the chart fails. */
export function advance(
  definition: MachineDefinition,
  instance: MachineInstance,
  event: MachineEventInput,
  cause: StepCause,
): Advance | NotAccepted {
  const taken = step(definition, instance.snapshot, event, cause);
  return taken.accepted ? applied(definition, instance, instance, event, taken, cause) : taken;
}

/** The next step of an instance on a timer it waits for. Throws MachineFault where the chart fails. */
export function expire(
  definition: MachineDefinition,
  instance: MachineInstance,
  timer: ArmedTimer,
  cause: StepCause,
): Advance | NotAccepted {
  const taken = fire(definition, instance.snapshot, timer.trigger, cause);
  if (!taken.accepted) {
    return taken;
  }
  const waiting = withoutTimer(instance, timer.id);
  const event = timer.trigger.kind === 'raise' ? timer.trigger.event : { type: timer.sendId };
  return applied(definition, waiting, waiting, event, taken, cause);
}

/**
 * An instance goes on running on another version of its machine, as one step of its history: where it stands there, and
 * which of its timers go on, is what `migrated` came to.
 */
export function move(
  definition: MachineDefinition,
  instance: MachineInstance,
  { step: taken, timers, renamed, dropped }: Migration,
  event: MachineEventInput,
  cause: StepCause,
): Advance {
  const there = { ...instance, version: definition.version, timers };
  // Those that are dropped are no timers of the version it runs on from now on.
  const advance = applied(definition, there, instance, event, { ...taken, cancels: [] }, cause);
  return {
    ...advance,
    writes: [
      ...advance.writes,
      ...(taken.status === 'active' ? renamed : []).map((timer) => put(Timers, timerRow(instance._id, timer))),
      ...dropped.map((timer) => put(Timers, cancelledTimer(instance._id, timer, cause.now))),
    ],
  };
}

/** The instance when a timer of its has gone off. */
export function withoutTimer(instance: MachineInstance, timerId: string): MachineInstance {
  return { ...instance, timers: instance.timers.filter((timer) => timer.id !== timerId) };
}

/** The row of a timer that has gone off. */
export function firedTimer(timer: Timer, now: Date, error?: string): Timer {
  return {
    ...timer,
    state: 'fired',
    firedAt: now,
    expireAt: new Date(now.getTime() + retention.timersFiredMs),
    ...(error === undefined ? {} : { error }),
  };
}

/** What an instance has before its first step. */
type Unborn = Omit<
  MachineInstance,
  'status' | 'value' | 'tags' | 'context' | 'snapshot' | 'owner' | 'members' | 'readers' | 'marks' | 'updatedAt'
>;

function applied(
  definition: MachineDefinition,
  instance: Unborn,
  before: MachineInstance | null,
  event: MachineEventInput,
  taken: Step,
  cause: StepCause,
): Advance {
  const seq = instance.seq + 1;
  const transition = sealed({
    _id: transitionId(instance._id, cause.eventId),
    instance: instance._id,
    seq,
    eventId: cause.eventId,
    event,
    actor: cause.actor,
    from: before ? before.value : null,
    to: taken.value,
    status: taken.status,
    context: taken.context,
    changed: !before || standing(before) !== standing(taken),
    effects: taken.effects,
    version: instance.version,
    requestId: cause.requestId,
    at: cause.now,
    prevHash: instance.lastHash,
  });
  const timers = timersAfter(instance, taken, seq, cause);
  const next: MachineInstance = {
    ...withoutTasks(instance),
    seq,
    status: taken.status,
    value: taken.value,
    tags: taken.tags,
    context: taken.context,
    snapshot: taken.snapshot,
    timers: timers.waiting,
    ...concernsAfter(definition, instance, taken, cause.now),
    marks: marksOf(taken.value, taken.tags),
    lastHash: transition.hash,
    rev: instance.rev + 1,
    updatedAt: cause.now,
  };
  return {
    accepted: true,
    instance: next,
    transition,
    step: taken,
    writes: [
      before ? put(MachineInstances, next) : insert(MachineInstances, next),
      insert(Transitions, transition),
      ...timers.armed.map((timer) => insert(Timers, timerRow(next._id, timer))),
      ...timers.dropped.map((timer) => put(Timers, cancelledTimer(next._id, timer, cause.now))),
    ],
  };
}

function withoutTasks({ tasks: _tasks, taskNames: _taskNames, ...rest }: Unborn): Unborn {
  return rest;
}

/** What a caller can see of where an instance stands. */
function standing({ status, value, context }: Pick<MachineInstance, 'status' | 'value' | 'context'>): string {
  return canonicalJson([status, value, context]);
}

interface TimerChanges {
  readonly waiting: readonly ArmedTimer[];
  readonly armed: readonly ArmedTimer[];
  readonly dropped: readonly ArmedTimer[];
}

function timersAfter(instance: Unborn, taken: Step, seq: number, cause: StepCause): TimerChanges {
  // An instance that has ended waits for nothing.
  const drafts = taken.status === 'active' ? taken.timers : [];
  const armed = drafts.map((draft, index) => armedTimer(`${instance._id}-${seq}-${index}`, draft, cause));
  const gone = new Set([...taken.cancels, ...armed.map((timer) => timer.sendId)]);
  const dropped = instance.timers.filter((timer) => taken.status !== 'active' || gone.has(timer.sendId));
  const kept = instance.timers.filter((timer) => !dropped.includes(timer));
  if (kept.length + armed.length > limits.machineTimers) {
    throw new MachineFault(`${instance._id} would wait for more than ${limits.machineTimers} timers`);
  }
  return { waiting: [...kept, ...armed], armed, dropped };
}

function armedTimer(id: string, { sendId, trigger, dueAt }: TimerDraft, { requestId, share }: StepCause): ArmedTimer {
  return { id, sendId: sendId ?? id, trigger, dueAt, requestId, ...(share === undefined ? {} : { share }) };
}

/** The row of an armed timer. The instance carries all that it holds, so that dropping one needs no read. */
export function timerRow(instance: string, { id, ...timer }: ArmedTimer): Timer {
  return { _id: id, instance, ...timer, state: 'armed', shard: shardFor('machines', instance) };
}

function cancelledTimer(instance: string, timer: ArmedTimer, now: Date): Timer {
  return {
    ...timerRow(instance, timer),
    state: 'cancelled',
    expireAt: new Date(now.getTime() + retention.timersFiredMs),
  };
}
