// The contributions that are played: read from the real input, whole or in part, in their order or another. Called by run.ts.
import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';

const contribution = z.object({
  id: z.string().min(1),
  venture: z.string().min(1),
  person: z.string().min(1),
  /** ISO 8601 with the person's own offset. */
  occurredAt: z.iso.datetime({ offset: true }),
  kind: z.enum(['feat', 'fix', 'perf', 'test', 'refactor', 'docs', 'chore', 'build', 'ci', 'style', 'other']),
});

/** One contribution of one person to one venture; of the line's members those that a grant needs. */
export type Contribution = z.output<typeof contribution>;

/** What a contribution was. */
export type Kind = Contribution['kind'];

const input = new URL('../../test/data/community.ndjson.gz', import.meta.url);

/** The lines of the text, one JSON object each. @throws Error naming the first line that is none */
export function parseContributions(text: string): Contribution[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line, index) => {
      try {
        return contribution.parse(JSON.parse(line));
      } catch (cause) {
        throw new Error(`Line ${String(index + 1)} of the input is not a contribution`, { cause });
      }
    });
}

/** All contributions, in order of local time. */
export async function readContributions(): Promise<Contribution[]> {
  return parseContributions(gunzipSync(await readFile(input)).toString('utf8'));
}

/** The people of these contributions, the most active first; equally active ones in order of appearance. */
export function peopleByActivity(contributions: readonly Contribution[]): string[] {
  const counts = new Map<string, number>();
  for (const { person } of contributions) {
    counts.set(person, (counts.get(person) ?? 0) + 1);
  }
  return [...counts].toSorted(([, one], [, other]) => other - one).map(([person]) => person);
}

/** The contributions of the `people` most active people, and of those the first `limit`. */
export function partOf(
  contributions: readonly Contribution[],
  part: { readonly people?: number; readonly limit?: number },
): readonly Contribution[] {
  const people = new Set(peopleByActivity(contributions).slice(0, part.people));
  return contributions.filter(({ person }) => people.has(person)).slice(0, part.limit);
}

/** The same items in an order that depends on the seed alone (mulberry32, Fisher-Yates). */
export function shuffled<Item>(items: readonly Item[], seed: number): Item[] {
  const order = [...items];
  let state = seed >>> 0;
  const random = (): number => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
  for (let last = order.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other] as Item, order[last] as Item];
  }
  return order;
}
