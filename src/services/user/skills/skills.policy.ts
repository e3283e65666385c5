// Skills by their slugs: how a name becomes one, and what of a list others can find. Pure.
import { mayShow } from '../showing/showing.policy.ts';
import type { Skill } from './skills.model.ts';

/** Most skills of one person. */
export const mostSkills = 50;

/** Signs that tell skills apart, spoken out: `C`, `C++` and `C#` are three. */
const spoken: readonly (readonly [RegExp, string])[] = [
  [/\+/gu, ' plus '],
  [/#/gu, ' sharp '],
  [/&/gu, ' and '],
  [/(^|\s)\.(?=[\p{L}\p{N}])/gu, '$1 dot '],
];

/**
 * The slug of a skill's name: without case, width and punctuation, words joined by `-`, in any script. Names that read
 * alike have one slug (`Node.js` and `node js`). Empty where the name holds no letter and no digit.
 */
export function slugOf(name: string): string {
  const said = spoken.reduce((text, [sign, word]) => text.replaceAll(sign, word), name.normalize('NFKC').toLowerCase());
  return (said.match(/[\p{L}\p{M}\p{N}]+/gu) ?? []).join('-').normalize('NFC');
}

/** The slugs that anybody who is logged in may find somebody by. */
export function foundSlugs(skills: readonly Skill[]): string[] {
  return skills.filter(({ visibility }) => mayShow(visibility, 'member')).map(({ slug }) => slug);
}

/** The list with one of its entries at another place (counted from 0; beyond the end is the end). */
export function movedTo<Entry>(list: readonly Entry[], from: number, to: number): Entry[] {
  const rest = list.filter((_, index) => index !== from);
  return [...rest.slice(0, to), ...list.slice(from, from + 1), ...rest.slice(to)];
}
