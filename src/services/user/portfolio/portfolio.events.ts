// What happened to people's portfolios. Emitted by the user service, for feeds and activity.
import { z } from 'zod';
import { defineEvent } from '#src/platform/events/event.ts';

const item = z.object({ userId: z.string(), itemId: z.string(), kind: z.string() });

/** Somebody put an item into their portfolio. */
export const itemAdded = defineEvent('portfolio.item-added', item);

/** Somebody changed an item. */
export const itemChanged = defineEvent('portfolio.item-changed', item);

/** Somebody took an item out. */
export const itemRemoved = defineEvent('portfolio.item-removed', item);

/** Somebody imported a résumé: how many items it brought and changed, and how many skills. */
export const resumeImported = defineEvent(
  'resume.imported',
  z.object({ userId: z.string(), added: z.number().int(), changed: z.number().int(), skills: z.number().int() }),
);
