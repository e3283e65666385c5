// From a step of the kernel to the rows it leaves: pure, called by the decide of the state-machine commands.
import { put, insert, type Write } from '../commands/command.ts';
import { canonicalJson } from '../ids.ts';
import { cancelledTimer, timerRow, timersAfter, withoutTimer } from './arming.ts';
import { childrenOf, type Child } from './children.ts';
import type { Migration } from './data/data.ts';
import type { MachineDefinition } from './definition.ts';
import { effectPrefix } from './effects.ts';
import { toJson, type Json } from './json.ts';
import {
  complete,
  fail,
  fire,
  start,
  step,
  stop,
  type ChildRef,
  type Effect,
  type MachineEventInput,
  type NotAccepted,
  type Step,
} from './kernel.ts';
import { creditAfter } from './spending.ts';
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
  type ParentLink,
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
  /** What machines may still cause of one another from it on (credit.ts). */
  readonly credit?: number;
}

/** A step as rows: all of them are written together or not at all. */
export interface Advance {
  readonly accepted: true;
  readonly instance: MachineInstance;
  readonly transition: Transition;
  readonly writes: readonly Write[];
  /** What each row that follows from it may cause; left out where none does. */
  readonly credit?: number;
  /** What it leaves to be done besides rows: children to begin and end, events to send. */
  readonly step: Step;
  /** What each child is that there was before the step or is after it, by its id and generation (`childName`). */
  readonly children: ReadonlyMap<string, string>;
}

/** A new instance, at `seq` 0. Throws MachineFault where the chart cannot start. */
export function create(
  definition: MachineDefinition,
  born: {
    readonly id: string;
    readonly input: Record<string, unknown>;
    readonly inputHash: string;
    readonly parent?: ParentLink;
  },
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
    ...(born.parent ? { parent: born.parent } : {}),
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

/** How a child came to its end. */
export type ChildEnd = { readonly output: Json } | { readonly error: Json };

/** The next step of an instance on the end of a child of its. Throws MachineFault where the chart fails. */
export function settleChild(
  definition: MachineDefinition,
  instance: MachineInstance,
  child: ChildRef,
  end: ChildEnd,
  cause: StepCause,
): Advance | NotAccepted {
  const { snapshot } = instance;
  const taken =
    'error' in end
      ? fail(definition, snapshot, child, end.error, cause)
      : complete(definition, snapshot, child, end.output, cause);
  const { id, generation } = child;
  const event = { type: `${'error' in end ? 'error' : 'done'}.${id}`, child: { id, generation }, ...end };
  return taken.accepted ? applied(definition, instance, instance, event, taken, cause) : taken;
}

/**
 * The last step of an instance that is ended from outside; its status is `stopped`, and it waits for nothing. `event` is
 * what its history says. With `undo`, the runtime's own effect `compensate` is among its effects.
 */
export function halt(
  definition: MachineDefinition,
  instance: MachineInstance,
  event: MachineEventInput,
  undo: boolean,
  cause: StepCause,
): Advance | NotAccepted {
  const taken = stop(definition, instance.snapshot, cause);
  if (!taken.accepted) {
    return taken;
  }
  const effects = undo ? [{ name: 'compensate', params: {} }] : [];
  return applied(definition, instance, instance, event, { ...taken, effects }, cause);
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
    effects: effectsOf(taken),
    version: instance.version,
    requestId: cause.requestId,
    at: cause.now,
    prevHash: instance.lastHash,
  });
  const handed = creditAfter(instance, taken, cause);
  const { requestId, share } = cause;
  const timers = timersAfter(instance, taken, seq, { requestId, ...(share === undefined ? {} : { share }), ...handed });
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
    ...handed,
    children: namesOf([...childrenOf(before?.snapshot ?? {}), ...childrenOf(taken.snapshot)]),
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

/** Tells one life of a child from the others. */
export function childName({ id, generation }: ChildRef): string {
  return `${id} ${generation}`;
}

function namesOf(children: readonly Child[]): Map<string, string> {
  return new Map(children.map((child) => [childName(child), child.src]));
}

/** What a step asks for, children that are effects last. */
function effectsOf({ effects, spawns }: Step): Effect[] {
  const invoked = spawns
    .filter(({ src }) => src.startsWith(effectPrefix))
    .map(({ id, generation, src, input }) => ({
      name: src.slice(effectPrefix.length),
      params: input,
      child: { id, generation },
    }));
  return [...effects, ...invoked];
}

/** What a caller can see of where an instance stands. */
function standing({ status, value, context }: Pick<MachineInstance, 'status' | 'value' | 'context'>): string {
  return canonicalJson([status, value, context]);
}
