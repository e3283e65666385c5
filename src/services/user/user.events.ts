// What happened to people's accounts. Emitted by the user service; state machines and projections react to it.
import { z } from 'zod';
import { defineEvent } from '#src/platform/events/event.ts';

/** Somebody joined; `name` is the name they gave. */
export const userRegistered = defineEvent('user.registered', z.object({ userId: z.string(), name: z.string() }));

/** Somebody's profile or its privacy changed: which parts. What they say now is read where it is kept. */
export const userUpdated = defineEvent(
  'user.updated',
  z.object({ userId: z.string(), fields: z.array(z.string().max(64)).max(64) }),
);

/** An account was suspended: nobody logs into it. */
export const userSuspended = defineEvent('user.suspended', z.object({ userId: z.string(), reason: z.string() }));

/** A suspended account is in use again. */
export const userActivated = defineEvent('user.activated', z.object({ userId: z.string(), reason: z.string() }));

/** An account is to be deleted at `dueAt`, unless that is taken back. */
export const deletionAsked = defineEvent(
  'user.deletion-asked',
  z.object({ userId: z.string(), dueAt: z.iso.datetime() }),
);

/** It was taken back. */
export const deletionUndone = defineEvent('user.deletion-undone', z.object({ userId: z.string() }));

/** The person is gone: nothing that is kept says who they were. */
export const userErased = defineEvent('user.erased', z.object({ userId: z.string() }));
