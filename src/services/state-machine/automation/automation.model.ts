// Collections of automation: rules, what they counted, and the heads that count and bound what admins make here.
import { defineCollection } from '#src/platform/mongo/collection.ts';

/** How much there is of something, and the newest change of it. */
export interface Head {
  /** `rules` or `webhooks`. */
  readonly _id: string;
  readonly count: number;
  /** Names the newest change of any of it, so that whoever knows what there is can ask whether that still holds. */
  readonly stamp: string;
  readonly rev: number;
}

/** The head of rules. */
export const rulesHead = 'rules';

/** Heads: part of every change, so that two changes at once cannot both pass a bound. */
export const Heads = defineCollection<Head>('automation_heads', { count: Number, stamp: String, rev: Number });

/** A rule as it is kept. A removed one keeps its row for a while, so that its revisions count on. */
export interface StoredRule {
  /** Its name. */
  readonly _id: string;
  /** The type of event it is about. */
  readonly on: string;
  /** `when` and `then` of its body as JSON: names of members may begin with `$` there, and hold dots. */
  readonly source: string;
  readonly enabled: boolean;
  readonly savedBy: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly removedAt: Date | null;
  readonly expireAt?: Date;
  readonly rev: number;
}

/** Rules by name. */
export const Rules = defineCollection<StoredRule>(
  'automation_rules',
  {
    on: String,
    source: String,
    enabled: Boolean,
    savedBy: String,
    createdAt: Date,
    updatedAt: Date,
    removedAt: Date,
    expireAt: Date,
    rev: Number,
  },
  [{ key: { expireAt: 1 }, expireAfterSeconds: 0 }],
);

/** What a rule came to so far, added up by every process from time to time: to be looked at, not to be relied upon. */
export interface Tally {
  /** The rule's name. */
  readonly _id: string;
  /** When the rule was made: another rule of the name begins at nothing. */
  readonly of: Date;
  readonly matched: number;
  readonly failed: number;
  /** Matches that were left out because rules had caused too much of the same request already. */
  readonly stopped: number;
  readonly lastMatchedAt?: Date;
  readonly lastFailedAt?: Date;
  readonly lastError?: string;
}

/** Tallies by name of rule. */
export const Tallies = defineCollection<Tally>('automation_tallies', {
  of: Date,
  matched: Number,
  failed: Number,
  stopped: Number,
  lastMatchedAt: Date,
  lastFailedAt: Date,
  lastError: String,
});
