// What happened to people's accounts. Emitted by the user service; state machines and projections react to it.
import { z } from 'zod';
import { defineEvent } from '#src/platform/events/event.ts';

/** Somebody joined; `name` is the name they gave. */
export const userRegistered = defineEvent('user.registered', z.object({ userId: z.string(), name: z.string() }));
