// What happened to people's skills. Emitted by the user service, for feeds, activity and the game.
import { z } from 'zod';
import { defineEvent } from '#src/platform/events/event.ts';

const skill = { userId: z.string(), slug: z.string(), name: z.string() };

/** Somebody put a skill into their list. */
export const skillAdded = defineEvent('skill.added', z.object(skill));

/** Somebody took a skill out of their list. */
export const skillRemoved = defineEvent('skill.removed', z.object(skill));

/** A connection endorsed a skill. `first`: this one never did before, so whoever rewards it does so once. */
export const skillEndorsed = defineEvent('skill.endorsed', z.object({ ...skill, by: z.string(), first: z.boolean() }));

/** An endorsement was withdrawn. */
export const endorsementWithdrawn = defineEvent(
  'skill.endorsement-withdrawn',
  z.object({ userId: z.string(), slug: z.string(), by: z.string() }),
);
