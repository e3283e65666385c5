// A process of its own that reads the dictionaries and writes the sorted digests of their words to its output, so that
// neither their 40 MB nor the time they take is felt where requests are answered. Started by known-passwords.ts.
import { dictionary as common } from '@zxcvbn-ts/language-common';
import { dictionary as english } from '@zxcvbn-ts/language-en';
import { wordDigest } from './word-digest.ts';

/** Shorter ones are refused for their length. */
const shortest = 8;

const digests = new Set<bigint>();
for (const words of Object.values({ ...common, ...english })) {
  for (const word of words) {
    if (word.length >= shortest) {
      digests.add(wordDigest(word));
    }
  }
}
process.stdout.write(new Uint8Array(new BigUint64Array(digests).sort().buffer));
