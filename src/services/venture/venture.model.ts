// Ventures and their teams. Private to the venture service; others enter by index.ts.
import { defineCollection } from '#src/platform/mongo/collection.ts';

/** What somebody is in a venture, from the most rights to the least. There is exactly one owner. */
export const ventureRoles = ['owner', 'admin', 'member', 'viewer'] as const;
export type VentureRole = (typeof ventureRoles)[number];

/** How far a venture is. */
export const stages = ['idea', 'prototype', 'launched', 'growing', 'established', 'closed'] as const;

/** `community`: every logged-in person may read it · `team`: only its team. */
export const visibilities = ['community', 'team'] as const;

/** Somebody in a team. */
export interface Teammate {
  readonly userId: string;
  readonly role: VentureRole;
  readonly joinedAt: Date;
}

/** One venture with its team: one document, so that a team and its rules are always seen together. */
export interface Venture {
  readonly _id: string;
  readonly name: string;
  /** The name as it is searched and sorted by. */
  readonly nameKey: string;
  readonly description: string;
  readonly stage: (typeof stages)[number];
  readonly industry: string | null;
  readonly website: string | null;
  readonly visibility: (typeof visibilities)[number];
  /** `archived`: its team reads it, and nobody changes it. */
  readonly state: 'active' | 'archived';
  readonly team: readonly Teammate[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly rev: number;
}

/** All ventures. */
export const Ventures = defineCollection<Venture>(
  'ventures',
  {
    name: String,
    nameKey: String,
    description: String,
    stage: String,
    industry: String,
    website: String,
    visibility: String,
    state: String,
    team: [Object],
    createdAt: Date,
    updatedAt: Date,
    rev: Number,
  },
  [{ key: { nameKey: 1, _id: 1 } }, { key: { 'team.userId': 1, nameKey: 1, _id: 1 } }],
);
