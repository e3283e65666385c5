// Counts how often something was tried in a window of time: in Redis over all nodes, and in this process for when Redis is
// away or was emptied. Called by login-tries.ts and by whoever sends mails for people who are not logged in.
import { LRUCache } from 'lru-cache';
import type { Redis } from 'ioredis';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import { loginTries } from '#config/auth.ts';
import { sha256 } from '../ids.ts';
import { orElse, redisKey } from '../redis/clients.ts';

/** Where a counter stands. */
export interface Tried {
  readonly count: number;
  /** Until its window ends and it begins anew. */
  readonly msLeft: number;
}

const own = new LRUCache<string, { count: number }>({ max: loginTries.remembered });

/** Forgets every try this process counted: for whoever puts another Redis in the place of this one. */
export function forgetTries(): void {
  own.clear();
}

function countHere(key: string, windowMs: number, by: 1 | -1): Tried {
  const counter = own.get(key) ?? { count: 0 };
  if (!own.has(key)) {
    own.set(key, counter, { ttl: windowMs });
  }
  counter.count = Math.max(counter.count + by, 0);
  return { count: counter.count, msLeft: own.getRemainingTTL(key) };
}

let limiter: RateLimiterRedis | undefined;
let connection: Redis | undefined;

/** The limiter of the process's connection of now: a closed one is another. */
function limiterOf(client: Redis): RateLimiterRedis {
  if (limiter === undefined || connection !== client) {
    connection = client;
    limiter = new RateLimiterRedis({
      storeClient: client,
      keyPrefix: redisKey('tries'),
      points: Number.MAX_SAFE_INTEGER,
      duration: loginTries.windowMs / 1_000,
      rejectIfRedisNotReady: true,
    });
  }
  return limiter;
}

async function countEverywhere(key: string, windowMs: number, by: 1 | -1): Promise<Tried> {
  return await orElse({ count: 0, msLeft: 0 }, async (client) => {
    const options = { customDuration: windowMs / 1_000 };
    const counted = limiterOf(client);
    const { consumedPoints, msBeforeNext } = await (by === 1
      ? counted.penalty(key, 1, options)
      : counted.reward(key, 1, options));
    return { count: consumedPoints, msLeft: msBeforeNext };
  });
}

async function change(what: string, windowMs: number, by: 1 | -1): Promise<Tried> {
  // A digest, so that neither Redis nor memory holds a list of addresses.
  const key = sha256(what);
  const [here, everywhere] = [countHere(key, windowMs, by), await countEverywhere(key, windowMs, by)];
  return here.count > everywhere.count ? here : everywhere;
}

/** Counts one try, and tells how many there were in this window. Begins the window where none is open. */
export async function countTry(what: string, windowMs: number): Promise<Tried> {
  return await change(what, windowMs, 1);
}

/** Takes one try back. */
export async function takeBackTry(what: string, windowMs: number): Promise<void> {
  await change(what, windowMs, -1);
}
