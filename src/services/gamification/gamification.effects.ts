// What machines may ask of gamification by name. Each undoes the other.
import { z } from 'zod';
import { defineMachineEffect } from '#src/platform/machines/effects.ts';
import { addXpCommand } from './gamification.commands.ts';
import { addXp } from './gamification.schema.ts';

const params = addXp.pick({ userId: true, reason: true }).extend({ amount: z.int().min(1).max(1_000_000) });
type Params = z.output<typeof params>;

const shared = { input: params, kind: addXpCommand.kind, idempotency: 'mongo', lane: 'the person' } as const;

/** XP for somebody, once for each step that asks for it. */
export const grantXpEffect = defineMachineEffect<Params>({
  ...shared,
  name: 'grant-xp',
  summary: 'Grant XP to somebody',
  needs: 'xp.grant',
  toInput: (given) => ({ ...given, mayCorrect: false }),
  compensation: { effect: 'take-xp', params: undoing },
});

/** XP taken back from somebody, once for each step that asks for it. */
export const takeXpEffect = defineMachineEffect<Params>({
  ...shared,
  name: 'take-xp',
  summary: 'Take XP back from somebody',
  needs: 'xp.correct',
  toInput: ({ amount, ...given }) => ({ ...given, amount: -amount, mayCorrect: true }),
  compensation: { effect: 'grant-xp', params: undoing },
});

function undoing({ reason, ...given }: Params): Params {
  return { ...given, reason: `Undone: ${reason}`.slice(0, 200).trim() };
}
