// Skills, one list for each person, and endorsements, one row for each who endorses. Whoever endorses writes their own
// row alone: many at once wait for nobody, and counts are counted where they are read.
import { defineCollection } from '#src/platform/mongo/collection.ts';
import type { Level } from '../showing/showing.policy.ts';

/** How well somebody says they can do it, from little to much. */
export const skillLevels = ['beginner', 'intermediate', 'advanced', 'expert'] as const;

/** A skill as its owner describes it. */
export interface Skill {
  readonly slug: string;
  readonly name: string;
  readonly level?: (typeof skillLevels)[number];
  readonly years?: number;
  readonly keywords?: readonly string[];
  readonly visibility: Level;
}

/** A person's skills, in their own order. */
export interface SkillList {
  /** The user's id. */
  readonly _id: string;
  readonly skills: readonly Skill[];
  readonly updatedAt: Date;
  readonly rev: number;
}

/** Skills by user. */
export const SkillLists = defineCollection<SkillList>('skill_lists', {
  skills: [Object],
  updatedAt: Date,
  rev: Number,
});

/** That somebody endorsed somebody's skill. Withdrawn ones stay, so that nobody is told of the same one twice. */
export interface Endorsement {
  /** `<user>.<slug>.<by>`: once for each who endorses. */
  readonly _id: string;
  readonly userId: string;
  readonly slug: string;
  readonly by: string;
  readonly note?: string;
  readonly endorsedAt: Date;
  readonly withdrawnAt: Date | null;
  readonly rev: number;
}

/** Endorsements. */
export const Endorsements = defineCollection<Endorsement>(
  'endorsements',
  { userId: String, slug: String, by: String, note: String, endorsedAt: Date, withdrawnAt: Date, rev: Number },
  [{ key: { userId: 1, slug: 1, endorsedAt: -1, _id: -1 } }, { key: { by: 1 } }],
);

/** The id of an endorsement. */
export function endorsementId(userId: string, slug: string, by: string): string {
  return `${userId}.${slug}.${by}`;
}
