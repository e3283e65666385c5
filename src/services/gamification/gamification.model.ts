// What the gamification service keeps: the XP ledger (for ever) and each person's totals, which the ledger explains.
import { defineCollection } from '#src/platform/mongo/collection.ts';

/** One grant. Never changed, never removed: a mistake is mended by a negative one. */
export interface XpGrant {
  /** Where the grant came from (the command's origin): the same grant twice is the same row. */
  readonly _id: string;
  readonly userId: string;
  readonly amount: number;
  readonly reason: string;
  readonly actor: string;
  readonly occurredAt: Date;
  readonly recordedAt: Date;
  readonly requestId: string;
  readonly requestHash: string;
  /** What was answered, for repeats after the work row is gone. */
  readonly answer: XpAnswer;
}

/** The answer to a grant. */
export interface XpAnswer {
  readonly userId: string;
  readonly xp: number;
  readonly level: { readonly name: string; readonly number: number };
  readonly awarded: readonly { readonly code: string; readonly name: string }[];
}

/** The ledger of XP. */
export const XpGrants = defineCollection<XpGrant>(
  'xp_ledger',
  {
    userId: String,
    amount: Number,
    reason: String,
    actor: String,
    occurredAt: Date,
    recordedAt: Date,
    requestId: String,
    requestHash: String,
    answer: Object,
  },
  [{ key: { userId: 1, occurredAt: 1 } }],
);

/** A person's totals: what the sum of their ledger rows is, kept up in the same transaction. */
export interface XpTotal {
  /** The user's id. */
  readonly _id: string;
  readonly xp: number;
  readonly grants: number;
  readonly level: number;
  /** Latest `occurredAt` of their grants, in milliseconds: whoever got to a score earlier stands higher. */
  readonly achievedAt: number;
  readonly badges: readonly { readonly code: string; readonly awardedAt: Date }[];
  readonly rev: number;
}

/** Totals by user; the truth of the board `xp`. The index is the board's order. */
export const XpTotals = defineCollection<XpTotal>(
  'xp_totals',
  { xp: Number, grants: Number, level: Number, achievedAt: Number, badges: [Object], rev: Number },
  [{ key: { xp: -1, achievedAt: 1, _id: -1 } }],
);

/** That somebody has a badge. */
export interface BadgeAward {
  /** `<badge>.<user>`: nobody gets a badge twice. */
  readonly _id: string;
  readonly userId: string;
  readonly badge: string;
  readonly awardedAt: Date;
  /** The grant that made the rule true. */
  readonly evidence: string;
}

/** Awards. */
export const BadgeAwards = defineCollection<BadgeAward>(
  'badge_awards',
  { userId: String, badge: String, awardedAt: Date, evidence: String },
  [{ key: { userId: 1 } }, { key: { badge: 1, awardedAt: 1 } }],
);
