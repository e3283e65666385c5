// What happened to roles, and to who has which.
import { z } from 'zod';
import { defineEvent } from '#src/platform/events/event.ts';

const names = z.array(z.string());

/** A role was made, changed or removed: the permissions it gained and lost. */
export const roleChanged = defineEvent(
  'role.changed',
  z.object({ role: z.string(), change: z.enum(['made', 'changed', 'removed']), gained: names, lost: names }),
);

/** Somebody was given roles, or they were taken. */
export const userRolesChanged = defineEvent(
  'user.roles-changed',
  z.object({ userId: z.string(), roles: names, given: names, taken: names }),
);
