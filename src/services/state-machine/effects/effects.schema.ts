// Inputs of cancelling and of undoing what effects have done.
import { z } from 'zod';
import { machineAsker } from '../state-machine.schema.ts';

/** The kind of the command that undoes the next effect. */
export const undoKind = 'state-machine.effect.undo';

/** Body of the route that cancels an instance. */
export const cancelBody = z.strictObject({ reason: z.string().trim().min(1).max(500).optional() });

/** Input of `state-machine.instance.cancel`. Without `asker`: the product itself. */
export const cancelInput = cancelBody.extend({ instance: z.string(), asker: machineAsker.optional() });

/**
 * Input of `state-machine.effect.undo`. `undone`: the row whose effect was being undone, and how that ended; without it:
 * go on. `looks`: how often was looked whether an effect that is under way has ended.
 */
export const undoInput = z.strictObject({
  instance: z.string(),
  undone: z.string().optional(),
  outcome: z.enum(['done', 'refused', 'dead']).optional(),
  output: z.unknown().optional(),
  error: z.object({ code: z.string() }).optional(),
  looks: z.int().min(0).optional(),
});

export type CancelInput = z.output<typeof cancelInput>;
export type UndoInput = z.output<typeof undoInput>;
