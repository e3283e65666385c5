// Rows of the gamification service as clients see them.
import { nextLevel } from './gamification.queries.ts';
import type { XpTotal } from './gamification.model.ts';
import { badgeName, levelNumbered } from './gamification.policy.ts';

/** Body of `GET /api/gamification/xp/:userId`. */
export function presentXp(totals: XpTotal) {
  const { name, number } = levelNumbered(totals.level);
  return { userId: totals._id, xp: totals.xp, level: { name, number }, next: nextLevel(totals) };
}

/** Body of `GET /api/gamification/profile/:userId`. `rank` is null for whoever has no place yet. */
export function presentProfile(totals: XpTotal, name: string, rank: number | null, asOf: Date) {
  return {
    ...presentXp(totals),
    name,
    grants: totals.grants,
    badges: totals.badges.map(({ code, awardedAt }) => ({
      code,
      name: badgeName(code),
      awardedAt: awardedAt.toISOString(),
    })),
    ranks: [{ board: 'xp', rank, asOf: asOf.toISOString() }],
  };
}
