// What happened between two people. Both hear of it; of a block only who placed it does.
import { z } from 'zod';
import { defineEvent } from '#src/platform/events/event.ts';

const between = z.object({ connectionId: z.string(), by: z.string(), other: z.string() });

/** One asked the other. */
export const connectionRequested = defineEvent('connection.requested', between);
/** Both are connected: the asked one accepted, or both have asked. */
export const connectionAccepted = defineEvent('connection.accepted', between);
/** The asked one said no. */
export const connectionDeclined = defineEvent('connection.declined', between);
/** The one who asked took it back. */
export const connectionWithdrawn = defineEvent('connection.withdrawn', between);
/** One of the two ended the connection. */
export const connectionRemoved = defineEvent('connection.removed', between);
/** `by` blocked `other`, who never hears of it. */
export const connectionBlocked = defineEvent('connection.blocked', between);
/** `by` lifted the block of `other`. */
export const connectionUnblocked = defineEvent('connection.unblocked', between);
