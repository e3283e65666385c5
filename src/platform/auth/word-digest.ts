// How a word of the list of known passwords is kept. Called where the list is made and where it is asked.
import { createHash } from 'node:crypto';

/** The first 64 bits of a word's SHA-1, without case: two words of the list share them once in 10 billion lists. */
export function wordDigest(word: string): bigint {
  return createHash('sha1').update(word.toLowerCase()).digest().readBigUInt64BE(0);
}
