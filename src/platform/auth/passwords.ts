// Passwords: argon2id, a few at a time. A hash costs about 20 ms of a core, so the line is short and bounded.
// Called by the auth and user services and by the board's door.
import { hash, verify } from '@node-rs/argon2';
import { z } from 'zod';
import { passwordRules } from '#config/auth.ts';
import { newId } from '../ids.ts';
import { unavailable } from '../errors.ts';
import { countPasswordHash } from '../metrics/metrics.ts';

const normal = (password: string): string => password.normalize('NFKC');

/** A password somebody chooses: 8 (or 15, by profile) to 256 code points after NFKC; weak-passwords.ts asks the rest. */
export const newPassword = z
  .string()
  .max(passwordRules.maxLength * 4)
  .refine(
    (password) => {
      const length = Array.from(normal(password)).length;
      return length >= passwordRules.minLength && length <= passwordRules.maxLength;
    },
    { error: `Use ${passwordRules.minLength} to ${passwordRules.maxLength} characters` },
  );

/** A password somebody gives to log in: anything that could be one. */
export const givenPassword = z.string().max(passwordRules.maxLength * 4);

const costs = {
  memoryCost: passwordRules.memoryKib,
  timeCost: passwordRules.passes,
  parallelism: passwordRules.lanes,
};

let running = 0;
const waiting: (() => void)[] = [];

async function inLine<T>(job: () => Promise<T>): Promise<T> {
  if (running < passwordRules.concurrency) {
    running += 1;
  } else if (waiting.length < passwordRules.waiting) {
    // Whoever leaves hands its place over, so `running` stays as it is.
    await new Promise<void>((resolve) => waiting.push(resolve));
  } else {
    throw unavailable(undefined, 'Too many people log in at this moment; try again');
  }
  countPasswordHash();
  try {
    return await job();
  } finally {
    const next = waiting.shift();
    if (next) {
      next();
    } else {
      running -= 1;
    }
  }
}

/** The argon2id hash of a password (PHC string). Errors: `server.unavailable` when too many wait. */
export async function hashPassword(password: string): Promise<string> {
  return await inLine(async () => await hash(normal(password), costs));
}

let unknownAccount: Promise<string> | undefined;

/**
 * True where the password belongs to the hash. Without a hash (no such account, no password set) the same work is
 * done for nothing, so that the time tells nobody who has an account. Errors: `server.unavailable` when too many wait.
 */
export async function verifyPassword(passwordHash: string | undefined, password: string): Promise<boolean> {
  unknownAccount ??= hash(newId(), costs);
  const against = passwordHash ?? (await unknownAccount);
  const right = await inLine(async () => await verify(against, normal(password)));
  return right && passwordHash !== undefined;
}

/** True where a hash was made at other costs than those of now: whoever has the password at hand makes it anew. */
export function needsRehash(passwordHash: string): boolean {
  const [, algorithm, version, given] = passwordHash.split('$');
  const { memoryKib, passes, lanes } = passwordRules;
  return algorithm !== 'argon2id' || version !== 'v=19' || given !== `m=${memoryKib},t=${passes},p=${lanes}`;
}
