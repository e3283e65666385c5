// What happens to machines, and what machines tell of. A chart's `emit` may name only types that begin with its own: those
// of machines/ are defined here one by one, those of machines that are data as a family.
import { z } from 'zod';
import { defineEvent, defineEventFamily } from '#src/platform/events/event.ts';

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

const emittedBytes = 8 * 1024;

/** What machines that are data tell of. */
export const emittedByData = defineEventFamily({
  name: 'machine-emitted',
  types: /^[A-Za-z][A-Za-z0-9_-]{0,63}(?:\.[A-Za-z0-9_-]{1,64}){1,3}$/u,
  summary:
    'What a machine that is defined by data emits: a type that begins with the name of its own, such as `order.shipped`, and at most 8 KB of data',
  data: z
    .record(z.string(), z.unknown())
    .refine((data) => Buffer.byteLength(JSON.stringify(data)) <= emittedBytes, 'may have 8 KB as JSON'),
});

// What onboarding tells of: a newcomer may want a hint, has become active, has not been seen for long.
for (const type of ['onboarding.reminded', 'onboarding.completed', 'onboarding.lapsed']) {
  defineEvent(type, z.object({ userId: z.string() }));
}
