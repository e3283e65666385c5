// What the system says in the end: the whole leaderboard, read page by page. Called by run.ts.
import { z } from 'zod';
import { levels } from '#config/gamification.ts';
import type { Api } from './api.ts';
import { boardLength, type Figures } from './expected.ts';

const board = z.object({
  data: z.array(z.object({ userId: z.string(), score: z.int() })),
  page: z.object({ nextCursor: z.string().nullable() }),
});

/** XP of the people of the demo, in the order of the board. */
export interface Standings {
  readonly people: readonly { readonly person: string; readonly xp: number }[];
  /** Others who have a place there; they are left out. */
  readonly others: number;
}

/** Reads the board. `people`: id by pseudonym. @throws GaveUp after two minutes of trouble */
export async function readStandings(api: Api, people: ReadonlyMap<string, string>): Promise<Standings> {
  const byId = new Map([...people].map(([person, id]) => [id, person]));
  const found = new Map<string, number>();
  const others = new Set<string>();
  let cursor: string | null = '';
  while (cursor !== null) {
    const query = new URLSearchParams({ limit: '100', ...(cursor === '' ? {} : { cursor }) });
    const { data, page } = board.parse(await api.get(`/api/gamification/leaderboard?${query.toString()}`));
    for (const { userId, score } of data) {
      const person = byId.get(userId);
      if (person === undefined) {
        others.add(userId);
      } else {
        found.set(person, score);
      }
    }
    cursor = page.nextCursor;
  }
  return { people: [...found].map(([person, xp]) => ({ person, xp })), others: others.size };
}

/** The figures these standings come to, with `xpByVenture` as it was granted. */
export function figuresFrom({ people }: Standings, xpByVenture: Figures['xpByVenture']): Figures {
  const atLevels = levels.map(() => 0);
  for (const { xp } of people) {
    const rung = levels.findLastIndex((level) => level.xp <= xp);
    atLevels[rung] = (atLevels[rung] ?? 0) + 1;
  }
  return {
    board: people.slice(0, boardLength),
    atLevels,
    xp: people.reduce((total, { xp }) => total + xp, 0),
    xpByVenture,
  };
}
