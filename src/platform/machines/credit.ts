// What machines may cause of one another while no time passes. Two that answer each other, or one that begins its child
// anew whenever it ends, would otherwise go on for ever; those that wait for people or for clocks in between may. Pure.
import { MachineFault } from './fault.ts';

/**
 * Rows that may follow from one beginning: an event from outside, or a timer of some length. Each step splits what it has
 * among the rows it asks for, so that all that follows is never more.
 */
export const fullCredit = 10_000;

/** A timer of this length begins anew: whatever repeats itself by it does so at its pace. */
export const freshAfterMs = 1_000;

/**
 * What each of the parts that follow from a step may cause; undefined where there are none. `credit` undefined: the step
 * is a beginning. Throws MachineFault where that is not enough.
 */
export function creditEach(instance: string, parts: number, credit = fullCredit): number | undefined {
  if (parts === 0) {
    return undefined;
  }
  const each = Math.floor(credit / parts) - 1;
  if (each < 0) {
    throw new MachineFault(
      `${instance} goes on in a circle: machines may cause ${fullCredit} rows of one another by one event, until time passes`,
    );
  }
  return each;
}
