// The timers of an instance over a step: which are armed, which go on, which are dropped or have gone off.
// Pure; called by instance.ts and by whoever lets timers go off.
import { limits } from '#config/limits.ts';
import { retention } from '#config/retention.ts';
import { shardFor } from '../commands/work.ts';
import { freshAfterMs } from './credit.ts';
import { MachineFault } from './fault.ts';
import type { Step, TimerDraft } from './kernel.ts';
import type { ArmedTimer, MachineInstance, Timer } from './store.ts';

/** What a step makes of timers. */
export interface TimerChanges {
  readonly waiting: readonly ArmedTimer[];
  readonly armed: readonly ArmedTimer[];
  readonly dropped: readonly ArmedTimer[];
}

/** The timers of an instance after a step. One that has ended waits for nothing. Throws MachineFault where they are too many. */
export function timersAfter(
  instance: Pick<MachineInstance, '_id' | 'timers'>,
  taken: Step,
  seq: number,
  cause: Pick<ArmedTimer, 'requestId' | 'share' | 'credit'>,
): TimerChanges {
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

/** How many timers a step arms that are too short to begin anew: they are paid for as rows are (credit.ts). */
export function shortTimersOf({ status, timers }: Step): number {
  return status === 'active' ? timers.filter(isShort).length : 0;
}

function isShort({ delayMs }: TimerDraft): boolean {
  return delayMs < freshAfterMs;
}

function armedTimer(
  id: string,
  draft: TimerDraft,
  { requestId, share, credit }: Pick<ArmedTimer, 'requestId' | 'share' | 'credit'>,
): ArmedTimer {
  const { sendId, trigger, dueAt } = draft;
  return {
    id,
    sendId: sendId ?? id,
    trigger,
    dueAt,
    requestId,
    ...(share === undefined ? {} : { share }),
    ...(credit === undefined || !isShort(draft) ? {} : { credit }),
  };
}

/** The row of an armed timer: the instance has all of it, so that dropping one needs no read. */
export function timerRow(instance: string, { id, ...timer }: ArmedTimer): Timer {
  return { _id: id, instance, ...timer, state: 'armed', shard: shardFor('machines', instance) };
}

/** The row of a timer that is not waited for any more. */
export function cancelledTimer(instance: string, timer: ArmedTimer, now: Date): Timer {
  return {
    ...timerRow(instance, timer),
    state: 'cancelled',
    expireAt: new Date(now.getTime() + retention.timersFiredMs),
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
