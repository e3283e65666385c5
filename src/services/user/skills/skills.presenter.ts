// Skills and endorsements as they are sent.
import { seesAll, type Relation } from '../showing/showing.policy.ts';
import type { Endorsement, Skill } from './skills.model.ts';
import type { SkillView } from './skills.schema.ts';

/** A skill as its owner gets it back. */
export function presentOwnSkill({ slug, name, level, years, keywords, visibility }: Skill) {
  return {
    slug,
    name,
    ...(level === undefined ? {} : { level }),
    ...(years === undefined ? {} : { years }),
    ...(keywords === undefined ? {} : { keywords: [...keywords] }),
    visibility,
  };
}

/** A skill as somebody of this relation sees it, with who endorsed it. */
export function presentSkill(
  skill: Skill,
  relation: Relation,
  counted: { readonly endorsements: number; readonly endorsedByYou: boolean },
): SkillView {
  const { visibility, ...shown } = presentOwnSkill(skill);
  return { ...shown, ...(seesAll(relation) ? { visibility } : {}), ...counted };
}

/** An endorsement as others see it; `name` is that of whoever gave it. */
export function presentEndorsement({ by: id, note, endorsedAt }: Endorsement, name: string) {
  return { by: { id, name }, ...(note === undefined ? {} : { note }), endorsedAt: endorsedAt.toISOString() };
}

/** An endorsement as whoever gave it gets it back. */
export function presentGiven({ userId, slug, by, note, endorsedAt }: Endorsement) {
  return { userId, slug, by, ...(note === undefined ? {} : { note }), endorsedAt: endorsedAt.toISOString() };
}
