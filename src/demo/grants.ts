// Plays contributions as XP grants, each under its own id, and keeps the books of it. Called by run.ts.
import { z } from 'zod';
import { inWords, type Api } from './api.ts';
import type { Contribution } from './contributions.ts';
import { eachOf } from './each-of.ts';
import { xpByKind } from './expected.ts';
import { GaveUp } from './gave-up.ts';

const granted = z.object({ userId: z.string(), xp: z.int() });

/** The books of a run. */
export class Grants {
  readonly #answered = new Set<string>();
  readonly #latencies: number[] = [];
  readonly #xpByVenture: Record<string, number> = {};
  readonly counts = { new: 0, known: 0, 'new-or-known': 0 };
  readonly #startedAt = performance.now();

  /** Grants with a final answer. */
  get done(): number {
    return this.#answered.size;
  }

  /** Grants answered each second, from the first request until now. */
  get rate(): number {
    return (this.done * 1_000) / Math.max(performance.now() - this.#startedAt, 1);
  }

  /** XP of the answered grants by venture, each grant once. */
  get xpByVenture(): Readonly<Record<string, number>> {
    return this.#xpByVenture;
  }

  /** Milliseconds from first try to final answer that `part` (0 to 1) of the grants stayed below. */
  latency(part: number): number {
    const sorted = Float64Array.from(this.#latencies).sort();
    return sorted[Math.min(Math.floor(sorted.length * part), sorted.length - 1)] ?? 0;
  }

  /** Grants one contribution. @throws GaveUp when it is refused */
  async grant(api: Api, userId: string, { id, kind, venture, occurredAt }: Contribution): Promise<void> {
    const since = performance.now();
    const amount = xpByKind[kind];
    const body = { userId, amount, reason: `${kind} in ${venture}`, occurredAt };
    const answer = await api.post('/api/gamification/xp/add', body, id);
    if (answer.status !== 201) {
      throw new GaveUp(`The grant ${id} was refused: ${inWords(answer)}`);
    }
    if (granted.parse(answer.body).userId !== userId) {
      throw new GaveUp(`The grant ${id} was answered for somebody else`);
    }
    if (!this.#answered.has(id)) {
      this.#answered.add(id);
      this.#xpByVenture[venture] = (this.#xpByVenture[venture] ?? 0) + amount;
    }
    this.counts[answer.novelty] += 1;
    this.#latencies.push(performance.now() - since);
  }
}

/** Plays all contributions, `concurrency` at a time. @throws GaveUp as `grant` */
export async function play(
  api: Api,
  grants: Grants,
  contributions: readonly Contribution[],
  ids: ReadonlyMap<string, string>,
  concurrency: number,
): Promise<void> {
  await eachOf(contributions, concurrency, async (contribution) => {
    await grants.grant(api, ids.get(contribution.person) ?? '', contribution);
  });
}
