// Steps of machines as clients see them.
import type { WorkRow } from '#src/platform/commands/work.ts';
import type { MachineInstance, Timer, Transition } from '#src/platform/machines/store.ts';
import { causeOfEffect } from '../effects/effects.workflow.ts';
import type { StoodOutput, TransitionOutput } from './history.schema.ts';

/**
 * One step of a history, hashes and all, so that a reader can check them; with the rows that do its effects, as far as
 * they are kept.
 */
export function presentTransition(
  { _id, instance, ...row }: Transition,
  outcomes: ReadonlyMap<string, WorkRow>,
): TransitionOutput {
  const effects = row.effects.map((effect, index) => {
    const work = outcomes.get(causeOfEffect({ instance, seq: row.seq }, index));
    return { ...effect, ...(work ? { work: { id: work._id, state: work.state } } : {}) };
  });
  return { ...row, event: { ...row.event }, effects, at: row.at.toISOString() };
}

/** How an instance stood after a step. `tags`: undefined where nobody knows them. */
export function presentStood(step: Transition, tags: readonly string[] | undefined): StoodOutput {
  const { seq, version, to: value, status, context, at } = step;
  const stood = { seq, time: at.toISOString(), version, value, status, context };
  return tags === undefined ? stood : { ...stood, tags: [...tags] };
}

/** The first line of a story: whose it is. */
export function presentSubject(instance: MachineInstance) {
  const { type, key: id, version, seq, status, value, owner, forkedFrom, createdAt, updatedAt } = instance;
  return { kind: 'machine', type, id, version, seq, status, value, owner, forkedFrom, createdAt, updatedAt };
}

/**
 * An effect of a step and what became of it: the state of its work row, `told` for events, which are rows of the step's own
 * transaction, `settled` where the row was settled so long ago that it is not kept, or `dry`: a fork asks for nothing.
 */
export function presentEffect(
  step: Transition,
  index: number,
  outcomes: ReadonlyMap<string, WorkRow>,
  isFork: boolean,
) {
  const { name, params } = step.effects[index] ?? { name: '', params: null };
  const row = outcomes.get(causeOfEffect(step, index));
  const work = row && {
    operation: row._id,
    attempts: row.attempts,
    problem: row.problem?.code,
    error: row.error,
    doneAt: row.doneAt,
  };
  const otherwise = name === 'emit' || name === 'log' ? 'told' : 'settled';
  const outcome = isFork ? 'dry' : (row?.state ?? otherwise);
  return { kind: 'effect', seq: step.seq, index, name, params, outcome, ...work };
}

/** A timer, whether it went off or not. */
export function presentTimer({ _id: timer, sendId: name, dueAt, state, firedAt, error }: Timer) {
  return { kind: 'timer', timer, name, dueAt, state, firedAt, error };
}
