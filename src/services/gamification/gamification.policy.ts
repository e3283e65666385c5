// Levels and badge rules: pure functions of somebody's totals.
import { badges, levels, type Badge, type Level } from '#config/gamification.ts';
import { compileRule, type Rule } from '#src/platform/rules/cel.ts';

const rules: readonly { badge: Badge; rule: Rule }[] = badges.map((badge) => ({
  badge,
  rule: compileRule(badge.rule),
}));

/** The highest level whose points are reached; the first one below zero too. */
export function levelAt(xp: number): Level {
  return levels.findLast((level) => level.xp <= xp) ?? (levels[0] as Level);
}

/** The level by number. */
export function levelNumbered(number: number): Level {
  return levels[number - 1] ?? (levels[0] as Level);
}

/** Levels that lie above `before` up to and with `after`, lowest first. */
export function levelsCrossed(before: number, after: number): readonly Level[] {
  return levels.slice(before, after);
}

/** Badges whose rule is true for these totals and that are not among `owned`, in the order of the table. */
export function badgesEarned(
  totals: { readonly xp: number; readonly level: number; readonly grants: number },
  owned: ReadonlySet<string>,
): readonly Badge[] {
  const variables = { xp: BigInt(totals.xp), level: BigInt(totals.level), grants: BigInt(totals.grants) };
  return rules.filter(({ badge, rule }) => !owned.has(badge.code) && rule(variables)).map(({ badge }) => badge);
}

/** A badge's name as people read it. */
export function badgeName(code: string): string {
  return badges.find((badge) => badge.code === code)?.name ?? code;
}
