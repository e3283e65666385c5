// What happened to the safety of an account and was told to its owner by mail too.
import { z } from 'zod';
import { defineEvent } from '#src/platform/events/event.ts';

/** Something happened that the owner should look at; `kind` is that of the security event `eventId`. */
export const securityNoticed = defineEvent(
  'security.noticed',
  z.object({ userId: z.string(), kind: z.string(), eventId: z.string(), sessionId: z.string().optional() }),
);
