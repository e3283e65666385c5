// Ends sessions as work that a decision asks for: whoever makes an account's sessions void writes the row in the same
// transaction, so that they end although the process dies behind its commit. Drafted by commands of users and of auth.
import { z } from 'zod';
import type { WorkDraft } from '../commands/command.ts';
import { defineEffect } from '../effects/effect.ts';
import { endReasons, endSessionsOf, type EndReason } from './session-endings.ts';

const endingInput = z.strictObject({
  userId: z.string().max(64),
  except: z.string().max(64).optional(),
  reason: z.enum(endReasons),
  begunUntil: z.iso.datetime(),
});
type EndingInput = z.output<typeof endingInput>;

const kind = 'auth.sessions.end';

/** Work that ends all sessions of a user that had begun at `now`, but `except`. Once for each cause. */
export function endingOf(
  userId: string,
  { except, reason }: { readonly except?: string | undefined; readonly reason: EndReason },
  cause: string,
  now: Date,
): WorkDraft {
  const kept = except === undefined ? {} : { except };
  const input: EndingInput = { userId, ...kept, reason, begunUntil: now.toISOString() };
  return { kind, input, cause: `sessions.${cause}` };
}

/** Ends sessions; those that were ended by whoever asked for it are over already. */
export const endSessionsLater = defineEffect<EndingInput, null>({
  kind,
  pool: 'effects',
  input: endingInput,
  timeoutMs: 30_000,
  perform: async ({ userId, except, reason, begunUntil }) => {
    const kept = except === undefined ? {} : { except };
    await endSessionsOf(userId, { ...kept, reason, begunUntil: new Date(begunUntil) });
    return null;
  },
});
