// Counts requests in windows: here in a bounded memory, and over all nodes in Redis. Redis away, what is counted here
// stands, and counting there goes on when it is back. Called by rate-limit.ts.
import type { Redis } from 'ioredis';
import { LRUCache } from 'lru-cache';
import { RateLimiterRedis, type RateLimiterRes } from 'rate-limiter-flexible';
import { rateSharing } from '#config/rates.ts';
import { sha256 } from '../ids.ts';
import { orElse, redisKey } from '../redis/clients.ts';

/** What is known of one key in its window. */
export interface Counted {
  /** Requests of all nodes in this window, this one included. */
  used: number;
  /** When the window ends, in milliseconds since 1970. */
  resetAt: number;
}

interface Entry extends Counted {
  /** Requests Redis was not told of. */
  untold: number;
  isTelling: boolean;
  /** A digest, so that Redis holds no list of addresses. */
  readonly name: string;
}

const stores = new WeakMap<Redis, RateLimiterRedis>();

/** Adds to a count in Redis; undefined where Redis does not answer. */
async function addInRedis(name: string, points: number, windowS: number): Promise<RateLimiterRes | undefined> {
  return await orElse<RateLimiterRes | undefined>(undefined, async (client) => {
    let store = stores.get(client);
    if (!store) {
      // It only adds: what is too much, and in which window, is said with each request.
      store = new RateLimiterRedis({ storeClient: client, keyPrefix: '', points: 1, duration: windowS });
      stores.set(client, store);
    }
    // Not `consume`: it throws beyond the limit, and what is thrown here means that Redis is away.
    return await store.penalty(name, points, { customDuration: windowS });
  });
}

/** Counts one class of requests by one kind of key. */
export class RateCounter {
  // Made with the first request: its memory is taken at once.
  #entries: LRUCache<string, Entry> | undefined;
  readonly #waiting = new Map<string, Entry>();
  readonly #name: string;
  readonly #windowS: number;
  readonly #least: number;
  #isWaiting = false;

  /** `name` is that of the class and kind in Redis; `most` the limit, of which a small part may stay untold. */
  constructor(name: string, windowS: number, most: number) {
    this.#name = name;
    this.#windowS = windowS;
    this.#least = Math.max(1, Math.floor(most * rateSharing.part));
  }

  /** What is known of a key now; a window begins where none is open. */
  #entryOf(key: string, now: number): Entry {
    this.#entries ??= new LRUCache({ max: rateSharing.counted });
    const known = this.#entries.get(key);
    if (known === undefined) {
      const name = redisKey('rate', this.#name, sha256(key).slice(0, 32));
      const made = { used: 0, resetAt: now + this.#windowS * 1_000, untold: 0, isTelling: false, name };
      this.#entries.set(key, made);
      return made;
    }
    if (now >= known.resetAt) {
      known.used = 0;
      known.untold = 0;
      known.resetAt = now + this.#windowS * 1_000;
    }
    return known;
  }

  /** What a key has used, without counting. */
  peek(key: string, now: number): Counted {
    return this.#entryOf(key, now);
  }

  /** Counts a request here, at once; the other nodes hear of it later. */
  count(key: string, now: number): Counted {
    const entry = this.#entryOf(key, now);
    entry.used += 1;
    entry.untold += 1;
    if (entry.untold >= this.#least && !this.#waiting.has(key)) {
      this.#waiting.set(key, entry);
      if (!this.#isWaiting) {
        this.#isWaiting = true;
        setTimeout(() => this.#tellAll(), rateSharing.everyMs).unref();
      }
    }
    return entry;
  }

  /** Counts a request over all nodes before it answers; here alone where Redis does not answer. */
  async countExactly(key: string, now: number): Promise<Counted> {
    const entry = this.#entryOf(key, now);
    entry.used += 1;
    const told = await addInRedis(entry.name, 1, this.#windowS);
    if (told) {
      entry.used = Math.max(told.consumedPoints, 1);
      entry.resetAt = Date.now() + Math.max(told.msBeforeNext, 0);
    }
    return { used: entry.used, resetAt: entry.resetAt };
  }

  #tellAll(): void {
    this.#isWaiting = false;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const entry of waiting) {
      void this.#tell(entry);
    }
  }

  async #tell(entry: Entry): Promise<void> {
    if (entry.isTelling || entry.untold === 0) {
      return;
    }
    const { untold, resetAt } = entry;
    entry.untold = 0;
    entry.isTelling = true;
    const told = await addInRedis(entry.name, untold, this.#windowS);
    entry.isTelling = false;
    if (entry.resetAt !== resetAt) {
      // The window this belonged to is over.
      return;
    }
    if (told) {
      entry.used = told.consumedPoints + entry.untold;
      entry.resetAt = Date.now() + Math.max(told.msBeforeNext, 0);
    } else {
      entry.untold += untold;
    }
  }
}
