// What happened in the game: points, levels, badges. Emitted by gamification; onboarding, boards and feeds react to it.
import { z } from 'zod';
import { defineEvent } from '#src/platform/events/event.ts';

const level = z.object({ name: z.string(), number: z.number().int() });

/** Points were granted. `xp`, `grants` and `level` are the totals after this grant; `occurredAt` is ISO 8601. */
export const xpAdded = defineEvent(
  'xp.added',
  z.object({
    userId: z.string(),
    amount: z.number().int(),
    reason: z.string(),
    occurredAt: z.string(),
    xp: z.number().int(),
    grants: z.number().int(),
    level,
  }),
);

/** A level was reached for the first time. */
export const levelReached = defineEvent('level.reached', z.object({ userId: z.string(), xp: z.number().int(), level }));

/** A badge was awarded, once. */
export const badgeAwarded = defineEvent(
  'badge.awarded',
  z.object({ userId: z.string(), badge: z.object({ code: z.string(), name: z.string() }), xp: z.number().int() }),
);
