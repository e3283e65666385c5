// Is this a password that everybody tries? The dictionaries of zxcvbn-ts and what an operator adds as range files, both
// offline. [run] The list is made at the first question, by a
// process of its own: 0.9 s on two busy cores, 0.9 MB stay; a question takes some µs. Called by weak-passwords.ts.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { childEnvironment, config } from '#config/env.ts';
import { nodeArguments, scriptBeside } from '../embedded/scripts.ts';
import { logFor } from '../log.ts';
import { wordDigest } from './word-digest.ts';

const log = logFor('passwords');
const run = promisify(execFile);
const mostBytes = 8 * 1024 * 1024;
const longestMs = 30_000;

async function makeList(): Promise<BigUint64Array> {
  const script = scriptBeside(import.meta.url, './list-known-passwords');
  const { stdout } = await run(process.execPath, nodeArguments(script), {
    encoding: 'buffer',
    maxBuffer: mostBytes,
    timeout: longestMs,
    env: childEnvironment({}),
  });
  return new BigUint64Array(new Uint8Array(stdout).buffer);
}

let list: Promise<BigUint64Array> | undefined;

function holds(sorted: BigUint64Array, digest: bigint): boolean {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as bigint) < digest) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return sorted[low] === digest;
}

/** True where the whole password, in any case, is a word of the dictionaries. Without the list nothing is one. */
export async function isDictionaryWord(password: string): Promise<boolean> {
  list ??= makeList();
  try {
    return holds(await list, wordDigest(password));
  } catch (error) {
    // Nobody is kept from choosing a password by it; the next question tries again.
    list = undefined;
    log.error({ reason: String(error) }, 'The list of known passwords could not be made');
    return false;
  }
}

/**
 * True where the folder of range files knows the password. A file is named by the first five digits of a SHA-1 and holds
 * the rest of each, with a count behind a colon, as https://api.pwnedpasswords.com/range/ gives it. A range that is
 * missing says nothing, once in the log.
 */
export async function isPwned(password: string, folder = config.pwnedPasswordsDir): Promise<boolean> {
  if (folder === undefined) {
    return false;
  }
  const digest = createHash('sha1').update(password).digest('hex').toUpperCase();
  const range = await readRange(folder, digest.slice(0, 5));
  return range
    .toUpperCase()
    .split(/\r?\n/u)
    .some((line) => {
      const [rest, count] = line.split(':');
      // The ranges are padded with lines that count nothing.
      return rest === digest.slice(5) && count !== '0';
    });
}

let warned = false;

async function readRange(folder: string, name: string): Promise<string> {
  for (const file of [name, `${name}.txt`]) {
    try {
      return await readFile(join(folder, file), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' && !warned) {
        log.warn({ reason: String(error) }, 'A file of PWNED_PASSWORDS_DIR cannot be read');
        warned = true;
      }
    }
  }
  if (!warned) {
    log.warn({ range: name }, 'PWNED_PASSWORDS_DIR lacks a range: passwords of it are not looked up');
    warned = true;
  }
  return '';
}
