// Portfolios: one document for each person, because its order and its size are one thing. Written by its owner alone.
import { defineCollection } from '#src/platform/mongo/collection.ts';
import type { Level } from '../showing/showing.policy.ts';

/** What an item can be, in the order a résumé has them. */
export const itemKinds = [
  'work',
  'volunteer',
  'education',
  'project',
  'award',
  'certificate',
  'publication',
  'language',
  'interest',
  'reference',
] as const;

/** What an item is. */
export type ItemKind = (typeof itemKinds)[number];

/** What an item says. Dates are as exact as their owner made them: `2019`, `2019-04` or `2019-04-30`. */
export interface ItemFields {
  readonly title?: string;
  readonly organisation?: string;
  readonly url?: string;
  readonly start?: string;
  readonly end?: string;
  readonly summary?: string;
  readonly highlights?: readonly string[];
  readonly skills?: readonly string[];
  readonly location?: string;
  readonly description?: string;
  readonly area?: string;
  readonly score?: string;
  readonly roles?: readonly string[];
  readonly category?: string;
}

/** One item. */
export interface Item extends ItemFields {
  readonly id: string;
  readonly kind: ItemKind;
  readonly visibility: Level;
}

/** A person's items, in their own order. */
export interface Portfolio {
  /** The user's id. */
  readonly _id: string;
  readonly items: readonly Item[];
  readonly updatedAt: Date;
  readonly rev: number;
}

/** Portfolios by user. */
export const Portfolios = defineCollection<Portfolio>('portfolios', { items: [Object], updatedAt: Date, rev: Number });
