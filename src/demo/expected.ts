// What the demo must come to: the figures of the whole input as constants, and the straight computation for a part of
// it. Knows nothing of the product, so that the two can disagree. Called by run.ts and grants.ts.
import type { Contribution, Kind } from './contributions.ts';

/** XP for one contribution of a kind. No caps. */
export const xpByKind: Readonly<Record<Kind, number>> = {
  feat: 40,
  perf: 30,
  fix: 25,
  test: 15,
  refactor: 15,
  docs: 10,
  other: 10,
  chore: 5,
  build: 5,
  ci: 5,
  style: 5,
};

/** XP at which the levels 1 to 10 begin. */
const levelsAt = [0, 100, 300, 700, 1_500, 3_000, 6_000, 12_000, 24_000, 50_000] as const;

/** Rows of the board that are compared. */
export const boardLength = 10;

/** The figures that are compared at the end. */
export interface Figures {
  /** The first of the board. */
  readonly board: readonly { readonly person: string; readonly xp: number }[];
  /** People at the levels 1 to 10. */
  readonly atLevels: readonly number[];
  readonly xp: number;
  readonly xpByVenture: Readonly<Record<string, number>>;
}

/** The figures of the whole input. */
export const expected: Figures = {
  board: [
    { person: 'p-4fb7ddff3b', xp: 82_000 },
    { person: 'p-3a6d784892', xp: 48_990 },
    { person: 'p-93e41938d6', xp: 35_625 },
    { person: 'p-91327b9d8d', xp: 9_595 },
    { person: 'p-40fad81965', xp: 7_465 },
    { person: 'p-27bf8dd4cf', xp: 5_775 },
    { person: 'p-0854aea1bb', xp: 5_270 },
    { person: 'p-b3f43a0030', xp: 4_010 },
    { person: 'p-29bd07df4d', xp: 2_735 },
    { person: 'p-eb1dbadf64', xp: 2_685 },
  ],
  atLevels: [1_471, 72, 19, 13, 5, 3, 2, 0, 2, 1],
  xp: 273_735,
  xpByVenture: { aster: 59_205, birch: 53_060, cedar: 161_470 },
};

/** The figures that playing these contributions, once each, must come to. Equals on the board stand in order of name. */
export function figuresOf(contributions: readonly Contribution[]): Figures {
  const byPerson = new Map<string, number>();
  const xpByVenture: Record<string, number> = {};
  let total = 0;
  for (const { person, venture, kind } of contributions) {
    const xp = xpByKind[kind];
    byPerson.set(person, (byPerson.get(person) ?? 0) + xp);
    xpByVenture[venture] = (xpByVenture[venture] ?? 0) + xp;
    total += xp;
  }
  const atLevels = levelsAt.map(
    (from, index) =>
      [...byPerson.values()].filter((xp) => xp >= from && xp < (levelsAt[index + 1] ?? Number.POSITIVE_INFINITY))
        .length,
  );
  const board = [...byPerson]
    .map(([person, xp]) => ({ person, xp }))
    .toSorted((one, other) => other.xp - one.xp || (one.person < other.person ? -1 : 1))
    .slice(0, boardLength);
  return { board, atLevels, xp: total, xpByVenture };
}
