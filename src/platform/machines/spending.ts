// How a step splits what it may cause among all that follows from it. Called by instance.ts; the rule is credit.ts.
import { shortTimersOf } from './arming.ts';
import { creditEach } from './credit.ts';
import type { Step } from './step.ts';
import type { MachineInstance } from './store.ts';

/**
 * What each thing that follows from a step may still cause; nothing where nothing follows. Throws MachineFault where what
 * the step was given is not enough.
 */
export function creditAfter(
  { _id, parent }: Pick<MachineInstance, '_id' | 'parent'>,
  taken: Step,
  given: { readonly credit?: number },
): { readonly credit?: number } {
  const parts = rowsOf(taken, parent !== undefined) + shortTimersOf(taken);
  const credit = creditEach(_id, parts, given.credit);
  return credit === undefined ? {} : { credit };
}

/** Rows a step will be followed by, at most: what it notes or tells needs none. */
function rowsOf({ effects, spawns, sends, stops, status }: Step, hasParent: boolean): number {
  const done = effects.filter(({ name }) => name !== 'log' && name !== 'emit');
  return done.length + spawns.length + sends.length + stops.length + (hasParent && status !== 'active' ? 1 : 0);
}
