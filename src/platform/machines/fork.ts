// A second instance that stands where another one stood: for trying out what might have been. Pure.
import { insert, type Write } from '../commands/command.ts';
import { sha256 } from '../ids.ts';
import { timerRow } from './arming.ts';
import type { StepCause } from './instance.ts';
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
  type StepRef,
  type Transition,
} from './store.ts';

/** What an instance was after a step, as much of it as another one needs to go on from there. */
export interface ForkSource extends Pick<
  MachineInstance,
  'version' | 'snapshot' | 'value' | 'status' | 'context' | 'tags'
> {
  readonly from: StepRef;
  /** Of the step. */
  readonly hash: string;
  /** What it waited for then, and how much longer it would have. */
  readonly timers: readonly (Pick<ArmedTimer, 'sendId' | 'trigger'> & { readonly leftMs: number })[];
}

/** What can be forked of an instance whose log was played again up to a step. */
export function forkSource(
  { type, key: id, version, snapshot, value, status, context, tags, timers }: MachineInstance,
  { seq, hash, at }: Pick<Transition, 'seq' | 'hash' | 'at'>,
): ForkSource {
  const left = timers.map(({ sendId, trigger, dueAt }) => ({
    sendId,
    trigger,
    leftMs: dueAt.getTime() - at.getTime(),
  }));
  return {
    from: { type, id, seq },
    hash,
    version,
    snapshot,
    value,
    status,
    context,
    tags,
    // What was due had gone off, whether it left a step or not.
    timers: left.filter(({ leftMs }) => leftMs > 0),
  };
}

/** The rows of a fork: an instance of its own, at `seq` 0, that concerns nobody and whose effects nobody does. */
export function fork(
  id: string,
  { from, hash, timers, ...stood }: ForkSource,
  restartTimers: boolean,
  { eventId, actor, requestId, now }: StepCause,
): { readonly instance: MachineInstance; readonly writes: readonly Write[] } {
  const _id = instanceId(from.type, id);
  const transition = sealed({
    _id: transitionId(_id, eventId),
    instance: _id,
    seq: 0,
    eventId,
    event: { type: 'forked', from: { ...from }, hash },
    actor,
    from: null,
    to: stood.value,
    status: stood.status,
    context: stood.context,
    changed: true,
    effects: [],
    version: stood.version,
    requestId,
    at: now,
    prevHash: '',
  });
  const armed = (restartTimers ? timers : []).map(({ sendId, trigger, leftMs }, index): ArmedTimer => ({
    id: `${_id}-0-${index}`,
    sendId,
    trigger,
    dueAt: new Date(now.getTime() + leftMs),
    requestId,
  }));
  const instance: MachineInstance = {
    ...stood,
    _id,
    type: from.type,
    key: id,
    seq: 0,
    timers: armed,
    lastHash: transition.hash,
    owner: null,
    members: [],
    readers: [],
    marks: marksOf(stood.value, stood.tags),
    forkedFrom: from,
    // No input makes it: whoever creates a machine of this id finds it taken.
    inputHash: sha256(`fork ${hash}`),
    rev: 0,
    createdAt: now,
    updatedAt: now,
  };
  return {
    instance,
    writes: [
      insert(MachineInstances, instance),
      insert(Transitions, transition),
      ...armed.map((timer) => insert(Timers, timerRow(_id, timer))),
    ],
  };
}
