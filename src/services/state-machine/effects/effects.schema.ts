// Inputs of cancelling and of undoing what effects have done, and the effects there are as clients see them.
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

/** An effect that charts may name. */
const effectOutput = z.strictObject({
  name: z.string(),
  summary: z.string(),
  input: z.record(z.string(), z.unknown()).describe('JSON Schema of its params, as expressions have made them'),
  needs: z.string().nullable().describe('The permission that whoever registers a definition with it must have'),
  child: z.boolean().describe('It has an end: `invoke` may begin it as `effect:<name>`'),
  idempotency: z
    .enum(['mongo', 'key'])
    .describe('It happens once, in a commit; or outside, where a repeat is known by the id of its row'),
  lane: z.string().nullable().describe('What it waits for its turn by; null where it has none'),
  undoneBy: z.string().nullable().describe('The effect that undoes it; null where nothing does'),
});

/** Every effect that charts may name, by name. */
export const effectsOutput = z.strictObject({ data: z.array(effectOutput) });

export type EffectOutput = z.output<typeof effectOutput>;
export type CancelInput = z.output<typeof cancelInput>;
export type UndoInput = z.output<typeof undoInput>;
