// Which new passwords are refused: those that everybody tries and those that follow from who one is. The whole password
// is compared, never words in it, and no kinds of characters are asked for (NIST SP 800-63B-4, 3.1.1.2).
// Called wherever somebody chooses a password.
import type { ZxcvbnFactory } from '@zxcvbn-ts/core';
import { passwordRules, productWords } from '#config/auth.ts';
import { defineProblem } from '../errors.ts';
import { isDictionaryWord, isPwned } from './known-passwords.ts';

/** The password that was chosen is one of those that are guessed first. */
export const weakPassword = defineProblem('auth.weak-password', 422, 'This password is guessed too easily');

let estimator: Promise<ZxcvbnFactory> | undefined;

/** Guesses that find the password where its owner's words are known: dates, runs, repeats and keys in a row count little. */
async function guesses(password: string, words: readonly string[]): Promise<number> {
  // Loaded with the first password that somebody chooses: no other process pays for it.
  estimator ??= import('@zxcvbn-ts/core').then(({ ZxcvbnFactory: Factory }) => new Factory({ dictionary: {} }));
  const begin = Array.from(password).slice(0, passwordRules.estimatedLength).join('');
  return (await estimator).check(begin, [...words]).guesses;
}

/** What belongs to one: e-mail address and name, whole and in parts. */
function partsOf(own: readonly string[]): string[] {
  const parts = own.flatMap((text) => {
    const plain = text.normalize('NFKC').toLowerCase();
    return [plain, ...plain.split(/[^\p{L}\p{N}]+/u)];
  });
  return [...new Set(parts)].filter((part) => part.length > 2);
}

/**
 * Why a new password is refused, as a sentence that says what to do, or null where it is good. `own` is what belongs to
 * whoever chooses it: e-mail address, name.
 */
export async function weaknessOf(given: string, own: readonly string[]): Promise<string | null> {
  const password = given.normalize('NFKC');
  if ((await isDictionaryWord(password)) || (await isPwned(password))) {
    return 'This password is on lists of those that are tried first; choose one that nobody else has, such as four unrelated words';
  }
  if ((await guesses(password, [...partsOf(own), ...productWords])) < passwordRules.fewestGuesses) {
    return 'This password is close to your name or address, a date, a run or a repeat; choose something that is not about you, such as four unrelated words';
  }
  return null;
}

/** Refuses a weak new password; `pointer` says where the request holds it. Errors: auth.weak-password. */
export async function refuseWeakPassword(password: string, own: readonly string[], pointer: string): Promise<void> {
  const detail = await weaknessOf(password, own);
  if (detail !== null) {
    throw weakPassword(detail, { errors: [{ pointer, code: 'weak', detail }] });
  }
}
