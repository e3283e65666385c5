// The keys people are found by. Pure. Kept in the user's document: only what everybody who is logged in may see has one,
// so that nobody is found by what they hide.
import { isFindableBy } from '../profile/profile.policy.ts';
import type { Privacy, Profile } from '../profile/profile.schema.ts';

/** Letters of a word that a search compares; what is longer is found by its beginning. */
const longestPrefix = 24;

const fold = (text: string): string => text.normalize('NFKC').toLowerCase();

/** Every beginning of every word of a name, words inside words (`jean-luc`) too. */
export function namePrefixesOf(name: string): string[] {
  const words = wordsOf(name).flatMap((word) => [word, ...word.split(/[^\p{L}\p{N}\p{M}]+/u)]);
  return [...new Set(words.flatMap(beginningsOf))];
}

/** The words of a question, each as the beginning of a word of a name or place; the longest first, which few have. */
export function askedPrefixes(q: string): string[] {
  const cut = wordsOf(q).flatMap((word) => beginningsOf(word).at(-1) ?? []);
  return [...new Set(cut)].toSorted((left, right) => right.length - left.length);
}

/** The beginnings of a word, the shortest first. */
function beginningsOf(word: string): string[] {
  const letters = Array.from(word).slice(0, longestPrefix);
  return letters.map((_, index) => letters.slice(0, index + 1).join(''));
}

function wordsOf(text: string): string[] {
  return fold(text)
    .split(/\s+/u)
    .filter((word) => word !== '');
}

/** The form of a place that search compares: without case, accents and punctuation. */
export function placeKeyOf(place: string): string {
  return fold(place.normalize('NFKD').replaceAll(/\p{M}/gu, ''))
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
    .join(' ');
}

/** The form of a country that search compares; no place is written so. */
export function countryKeyOf(country: string): string {
  return `=${country}`;
}

/**
 * What somebody is found by beside their name and skills, where everybody may see it: every beginning of every word of
 * their place (`york` finds New York), and their country.
 */
export function placePrefixesOf(user: { readonly profile?: Profile; readonly privacy?: Partial<Privacy> }): string[] {
  const location = user.profile?.location;
  if (!location || !isFindableBy(user, 'location')) {
    return [];
  }
  const beginnings = wordsOf(placeKeyOf(location.place)).flatMap(beginningsOf);
  return [...new Set(beginnings), ...(location.country === undefined ? [] : [countryKeyOf(location.country)])];
}
