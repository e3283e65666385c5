// Inputs of the commands between a machine and its children.
import { z } from 'zod';

/** The kinds of these commands, for those who make rows of them. */
export const childEndKind = 'state-machine.child.end';
export const childStopKind = 'state-machine.child.stop';

/** One life of a child. */
export const childRef = z.strictObject({ id: z.string().min(1).max(200), generation: z.int().min(1) });

const instance = z.string().min(3).max(200);

/** Whose child an instance is. */
export const parentLink = z.strictObject({ instance, child: childRef });

/**
 * Input of `state-machine.child.end`. `refused`, `dead`: how the row ended that was to do or to begin it · `failed`: a
 * machine that came to the status `error`, or was stopped.
 */
export const endInput = z.strictObject({
  instance,
  child: childRef,
  outcome: z.enum(['done', 'refused', 'dead', 'failed']),
  output: z.unknown().optional(),
  error: z.unknown().optional(),
});

/** Input of `state-machine.child.stop`: `instance` is the child. With `undo`, what its effects have done is undone. */
export const stopInput = z.strictObject({ instance, parent: parentLink, undo: z.boolean() });

export type EndInput = z.output<typeof endInput>;
export type StopInput = z.output<typeof stopInput>;
