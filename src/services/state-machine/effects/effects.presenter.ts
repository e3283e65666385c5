// Effects as those see them who write definitions.
import { z } from 'zod';
import { machineEffects, type KnownEffect } from '#src/platform/machines/effects.ts';
import type { EffectOutput } from './effects.schema.ts';

/** An effect that charts may name. */
export function presentEffect({ name, summary, input, needs, idempotency, lane }: KnownEffect): EffectOutput {
  const registered = machineEffects.get(name);
  return {
    name,
    summary,
    input: z.toJSONSchema(input, { io: 'input' }),
    needs: needs ?? null,
    child: registered !== undefined,
    idempotency,
    lane: lane ?? null,
    undoneBy: registered?.compensation?.effect ?? null,
  };
}
