// What happens to machines, and what machines tell of. A chart's `emit` may name only types that begin with its own.
import { z } from 'zod';
import { defineEvent } from '#src/platform/events/event.ts';

const stateValue = z.union([z.string(), z.record(z.string(), z.unknown())]);

/** An instance took a step; `seq` 0 is its creation, `from` is null there. */
export const machineTransitioned = defineEvent(
  'machine.transitioned',
  z.object({
    type: z.string(),
    id: z.string(),
    seq: z.number().int(),
    event: z.string(),
    from: stateValue.nullable(),
    to: stateValue,
    status: z.enum(['active', 'done', 'error', 'stopped']),
    changed: z.boolean(),
  }),
);

// What onboarding tells of: a newcomer may want a hint, has become active, has not been seen for long.
for (const type of ['onboarding.reminded', 'onboarding.completed', 'onboarding.lapsed']) {
  defineEvent(type, z.object({ userId: z.string() }));
}
