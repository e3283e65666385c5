// Reads of the gamification service. XP and profiles come from the truth; the leaderboard says of when it is.
import { levels } from '#config/gamification.ts';
import { Board, type BoardPage } from '#src/platform/boards/board.ts';
import type { Caller } from '#src/platform/http/route.ts';
import { namesOf } from '#src/services/user/index.ts';
import { userUnknown } from './gamification.errors.ts';
import { XpTotals, type XpTotal } from './gamification.model.ts';
import { levelNumbered } from './gamification.policy.ts';
import type { RankMode } from './gamification.schema.ts';

/** The board `xp`: everybody who was ever granted XP, by their total. */
export const xpBoard = new Board<XpTotal>('xp', XpTotals, 'xp');

/**
 * Somebody's totals and name. Whoever is registered and has nothing yet has zero; whom a block hides from the caller is
 * nobody. @throws gamification.user-unknown
 */
export async function totalsOf(userId: string, caller: Caller): Promise<{ totals: XpTotal; name: string }> {
  const [totals, names] = await Promise.all([XpTotals.native().findOne({ _id: userId }), namesOf([userId], caller)]);
  const name = names.get(userId);
  if (name === undefined) {
    throw userUnknown(`There is no user ${userId}`);
  }
  return { totals: totals ?? { _id: userId, xp: 0, grants: 0, level: 1, achievedAt: 0, badges: [], rev: 0 }, name };
}

/** The level after somebody's, or null on the highest. `missing` is never negative. */
export function nextLevel(totals: XpTotal): { name: string; xp: number; missing: number } | null {
  const next = levels[levelNumbered(totals.level).number];
  return next ? { name: next.name, xp: next.xp, missing: Math.max(next.xp - totals.xp, 0) } : null;
}

/** A page of the leaderboard with names. @throws gamification.user-unknown when `around` is on no place */
export async function leaderboardPage(
  from: { offset: number } | { around: string },
  limit: number,
  mode: RankMode,
  caller: Caller,
): Promise<BoardPage & { names: ReadonlyMap<string, string> }> {
  const page = await xpBoard.page(from, limit, mode);
  if (!page) {
    throw userUnknown('That user has no place on the board yet');
  }
  return {
    ...page,
    names: await namesOf(
      page.places.map(({ owner }) => owner),
      caller,
    ),
  };
}
