// What happened to invitations.
import { z } from 'zod';
import { defineEvent } from '#src/platform/events/event.ts';
import { ventureRoles } from '../venture.model.ts';

const data = z.object({ ventureId: z.string(), userId: z.string(), role: z.enum(ventureRoles) });

/** Somebody was invited; `role` is what they would be. */
export const invited = defineEvent('venture.invited', data.extend({ ventureName: z.string(), invitedBy: z.string() }));

/** The invitation came to its end, otherwise than by joining. */
export const invitationEnded = defineEvent(
  'venture.invitation-ended',
  data.extend({ state: z.enum(['accepted', 'declined', 'withdrawn', 'expired']) }),
);
