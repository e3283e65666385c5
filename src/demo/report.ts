// The end of a run: every figure beside the expected one. Called by run.ts.
import { levels } from '#config/gamification.ts';
import type { Figures } from './expected.ts';
import type { Screen } from './screen.ts';

/** One figure, what it is expected to be, and whether it is. */
export interface Check {
  readonly label: string;
  readonly found: string;
  readonly expected: string;
  readonly ok: boolean;
}

/** Checks that belong together. */
export interface Section {
  readonly title: string;
  readonly checks: readonly Check[];
}

const number = (value: number | undefined): string => (value === undefined ? 'nobody' : value.toLocaleString('en-US'));

function checkOf(label: string, found: number | undefined, wanted: number | undefined): Check {
  return { label, found: number(found), expected: number(wanted), ok: found === wanted };
}

/** People with the same XP may stand in any order, and any of them at the end of what is compared. */
function placeCheck(index: number, found: Figures['board'], wanted: Figures['board']): Check {
  const [here, there] = [found[index], wanted[index]];
  const who = (here ?? there)?.person ?? '';
  const check = checkOf(`${String(index + 1).padStart(2)}  ${who}`, here?.xp, there?.xp);
  const equals = wanted.filter(({ xp }) => xp === here?.xp);
  const tied = equals.length > 1 || equals[0] === wanted.at(-1);
  return { ...check, ok: check.ok && (who === there?.person || tied) };
}

/** Compares every figure. */
export function compare(found: Figures, wanted: Figures): readonly Section[] {
  const places = Array.from({ length: Math.max(found.board.length, wanted.board.length) }, (_, index) =>
    placeCheck(index, found.board, wanted.board),
  );
  const rungs = levels.map(({ number: rung, name }, index) =>
    checkOf(`${String(rung).padStart(2)}  ${name}`, found.atLevels[index], wanted.atLevels[index]),
  );
  const ventures = [...new Set([...Object.keys(wanted.xpByVenture), ...Object.keys(found.xpByVenture)])].toSorted();
  return [
    { title: 'First of the board', checks: places },
    { title: 'People at levels', checks: rungs },
    {
      title: 'XP',
      checks: [
        checkOf('in all', found.xp, wanted.xp),
        ...ventures.map((venture) =>
          checkOf(venture, found.xpByVenture[venture] ?? 0, wanted.xpByVenture[venture] ?? 0),
        ),
      ],
    },
  ];
}

/** True where every figure is as expected. */
export function allRight(sections: readonly Section[]): boolean {
  return sections.every(({ checks }) => checks.every(({ ok }) => ok));
}

/** Writes the comparison. */
export function show(screen: Screen, sections: readonly Section[]): void {
  for (const { title, checks } of sections) {
    screen.line();
    screen.line(screen.styled(`${title.padEnd(24)}${'found'.padStart(10)}${'expected'.padStart(12)}`, 'bold'));
    for (const { label, found, expected, ok } of checks) {
      const mark = ok ? screen.styled('✓', 'green') : screen.styled('✗', 'red');
      screen.line(`  ${label.padEnd(22)}${found.padStart(10)}${expected.padStart(12)}  ${mark}`);
    }
  }
}
