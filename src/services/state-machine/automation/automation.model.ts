// Collections of automation: the heads that count and bound what admins make here.
import { defineCollection } from '#src/platform/mongo/collection.ts';

/** How much there is of something, and a revision that grows with every change of any of it. */
export interface Head {
  /** `rules` or `webhooks`. */
  readonly _id: string;
  readonly count: number;
  readonly rev: number;
}

/** Heads: part of every change, so that two changes at once cannot both pass a bound. */
export const Heads = defineCollection<Head>('automation_heads', { count: Number, rev: Number });
