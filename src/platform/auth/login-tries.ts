// Slows guessing down: counts tries to log in by address and by account, in Redis over all nodes and in this process
// for when Redis is away or was emptied. Called by the login of the admin pages.
import { LRUCache } from 'lru-cache';
import { loginTries } from '#config/auth.ts';
import { sha256 } from '../ids.ts';
import { orElse, redisKey } from '../redis/clients.ts';

interface Counter {
  readonly key: string;
  readonly most: number;
}

/** Digests, so that neither Redis nor memory holds a list of addresses. */
function countersOf(ip: string, email: string): Counter[] {
  const account = email.trim().toLowerCase();
  return [
    { key: sha256(`both ${ip} ${account}`), most: loginTries.addressAndAccount },
    { key: sha256(`address ${ip}`), most: loginTries.address },
    { key: sha256(`account ${account}`), most: loginTries.account },
  ];
}

const own = new LRUCache<string, { count: number }>({ max: loginTries.remembered, ttl: loginTries.windowMs });

function countHere(key: string, change: 1 | -1): number {
  const counter = own.get(key) ?? { count: 0 };
  counter.count = Math.max(counter.count + change, 0);
  if (!own.has(key)) {
    own.set(key, counter);
  }
  return counter.count;
}

async function countEverywhere(key: string, change: 1 | -1): Promise<number> {
  const name = redisKey('login-tries', key);
  return await orElse(0, async (client) => {
    // Begins the window where none is open; the count itself never prolongs it.
    await client.set(name, 0, 'PX', loginTries.windowMs, 'NX');
    return await client.incrby(name, change);
  });
}

async function change(ip: string, email: string, by: 1 | -1): Promise<boolean> {
  const within = await Promise.all(
    countersOf(ip, email).map(
      async ({ key, most }) => Math.max(countHere(key, by), await countEverywhere(key, by)) <= most,
    ),
  );
  return within.every(Boolean);
}

/**
 * Counts a try before its password is looked at, so that many at once are not more than one after another. False where
 * there were too many: then the password must not be looked at.
 */
export async function mayTryLogin(ip: string, email: string): Promise<boolean> {
  return await change(ip, email, 1);
}

/** The try was right: it is not counted. */
export async function loginSucceeded(ip: string, email: string): Promise<void> {
  await change(ip, email, -1);
}
