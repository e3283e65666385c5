// Portfolio items as they are sent.
import type { Item } from './portfolio.model.ts';
import { seesAll, type Relation } from '../showing/showing.policy.ts';

/** An item as somebody of this relation sees it. */
export function presentItem({ visibility, ...item }: Item, relation: Relation) {
  return { ...item, ...(seesAll(relation) ? { visibility } : {}) };
}
