// Levels and badges as data: the ladder from OWLET to SKY_MASTER and the badge rules in CEL.
// Read by the gamification service; a community edits these tables, not code.

/** One rung of the ladder: reached at `xp` points. */
export interface Level {
  readonly number: number;
  readonly name: string;
  readonly xp: number;
}

/** The ladder, lowest first. A level is the highest rung whose points are reached. */
export const levels: readonly Level[] = Object.freeze(
  [
    ['OWLET', 0],
    ['FLEDGLING', 100],
    ['BRANCHLING', 300],
    ['GLIDER', 700],
    ['NIGHT_WATCHER', 1_500],
    ['PATHFINDER', 3_000],
    ['WIND_RIDER', 6_000],
    ['WISE_OWL', 12_000],
    ['STORM_SOARER', 24_000],
    ['SKY_MASTER', 50_000],
  ].map(([name, xp], index) => Object.freeze({ number: index + 1, name: String(name), xp: Number(xp) })),
);

/** A badge and the CEL rule that awards it, once, at the grant that makes the rule true. */
export interface Badge {
  readonly code: string;
  readonly name: string;
  /** Variables: `xp`, `level`, `grants` (whole numbers, after the grant). */
  readonly rule: string;
}

/** Badges every community starts with. Rules look at totals only, so the order of grants does not matter. */
export const badges: readonly Badge[] = Object.freeze([
  { code: 'first-contribution', name: 'First contribution', rule: 'grants >= 1' },
  { code: 'regular', name: 'Regular', rule: 'grants >= 10' },
  { code: 'centurion', name: 'Centurion', rule: 'grants >= 100' },
  { code: 'night-watcher', name: 'Night watcher', rule: 'level >= 5' },
  { code: 'sky-master', name: 'Sky master', rule: 'level >= 10 && xp >= 50000' },
]);
