// Chooses, of all that happens live, the few lines a person can read: what is rare goes before what is common.
// Called by run.ts.
import { z } from 'zod';
import type { FeedEvent } from './follower.ts';

const level = z.object({ name: z.string(), number: z.int() });
const xpAdded = z.object({ amount: z.int(), reason: z.string(), xp: z.int() });
const levelReached = z.object({ xp: z.int(), level });
const badgeAwarded = z.object({ badge: z.object({ name: z.string() }) });

/** A line, and how much it stands out: 0 a grant, 1 a badge, 2 a level. */
export interface LiveLine {
  readonly weight: 0 | 1 | 2;
  readonly text: string;
}

const number = (value: number): string => value.toLocaleString('en-US');

/** The line of an event; undefined for events that are not told. */
export function lineOf(person: string, { type, data }: FeedEvent): LiveLine | undefined {
  if (type === 'xp.added') {
    const { amount, reason, xp } = xpAdded.parse(data);
    const sign = amount < 0 ? '' : '+';
    return { weight: 0, text: `   ${person}  ${sign}${number(amount)} ${reason} → ${number(xp)} XP` };
  }
  if (type === 'level.reached') {
    const reached = levelReached.parse(data);
    const { name, number: rung } = reached.level;
    return { weight: 2, text: ` ★ ${person}  reaches level ${String(rung)}, ${name}, with ${number(reached.xp)} XP` };
  }
  if (type === 'badge.awarded') {
    return { weight: 1, text: ` ◆ ${person}  gets the badge ${badgeAwarded.parse(data).badge.name}` };
  }
  return undefined;
}

/** Holds the best line since the last one that was taken. */
export class LiveLines {
  #best: LiveLine | undefined;

  /** Offers the event's line; among equals the latest wins. */
  offer(person: string, event: FeedEvent): void {
    const line = lineOf(person, event);
    if (line !== undefined && line.weight >= (this.#best?.weight ?? 0)) {
      this.#best = line;
    }
  }

  /** Takes the best line away. */
  take(): LiveLine | undefined {
    const best = this.#best;
    this.#best = undefined;
    return best;
  }
}
