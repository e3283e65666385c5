// What happened to ventures. Emitted by the venture service.
import { z } from 'zod';
import { defineEvent } from '#src/platform/events/event.ts';
import { ventureRoles } from './venture.model.ts';

const venture = z.object({ ventureId: z.string() });
const teammate = venture.extend({ userId: z.string(), role: z.enum(ventureRoles) });

/** A venture began. */
export const ventureCreated = defineEvent('venture.created', venture.extend({ name: z.string(), userId: z.string() }));

/** What people read of it changed; `members` names what. */
export const ventureUpdated = defineEvent('venture.updated', venture.extend({ members: z.array(z.string()) }));

/** It was archived, or taken up again. */
export const ventureArchived = defineEvent('venture.archived', venture);
export const ventureRestored = defineEvent('venture.restored', venture);

/** Somebody came into the team, left it, or got another role. */
export const memberJoined = defineEvent('venture.member-joined', teammate);
export const memberLeft = defineEvent('venture.member-left', venture.extend({ userId: z.string() }));
export const roleChanged = defineEvent('venture.role-changed', teammate);

/** The venture has another owner. */
export const ownershipTransferred = defineEvent(
  'venture.ownership-transferred',
  venture.extend({ from: z.string(), to: z.string() }),
);
