// Redis connections, one purpose each: what may wait and what must fail at once is decided here.
// Redis is never the truth: whoever asks it can go on without an answer.
import { Redis, type RedisOptions } from 'ioredis';
import { config } from '#config/env.ts';
import { logFor } from '../log.ts';

const log = logFor('redis');
const open = new Set<Redis>();

/** How long a request waits for Redis before it goes on without it. */
const commandTimeoutMs = 500;
/** After a fault the cache is left alone for this long, so that not every request waits. */
const pauseMs = 1_000;

function connect(name: string, options: Omit<RedisOptions, 'replyMapping'>): Redis {
  if (!config.redisUrl) {
    throw new Error('REDIS_URL is not set: give the address of a Redis or Valkey server, or use npm start');
  }
  const settings: Omit<RedisOptions, 'replyMapping'> = {
    connectionName: `${config.keyPrefix}-${name}`,
    retryStrategy: (times: number) => Math.min(times * 100, 2_000),
    ...options,
  };
  const client = new Redis(config.redisUrl, settings);
  let down = false;
  client.on('error', (error) => {
    if (!down) {
      down = true;
      log.warn({ connection: name, reason: error.message }, 'Redis is away; going on without it and trying again');
    }
  });
  client.on('ready', () => {
    if (down) {
      down = false;
      log.info({ connection: name }, 'Redis is back');
    }
  });
  open.add(client);
  client.once('end', () => open.delete(client));
  return client;
}

/** For producers and caches: fails at once when Redis is away, after 500 ms when it is frozen. */
export function failFastClient(name: string): Redis {
  return connect(name, {
    enableOfflineQueue: false,
    commandTimeout: commandTimeoutMs,
    maxRetriesPerRequest: 1,
    enableAutoPipelining: true,
    // The limiters' script: in a pipeline made by itself, its first call gets no answer, and the process dies of that.
    autoPipeliningIgnoredCommands: ['rlflxIncr'],
  });
}

/** For consumers, subscribers and the Socket.IO adapter: waits for ever, as BullMQ and the adapter need it. */
export function patientClient(name: string): Redis {
  return connect(name, { maxRetriesPerRequest: null });
}

/** A patient client that sends the commands of one turn of the event loop together. */
export function pipelinedClient(name: string): Redis {
  return connect(name, { maxRetriesPerRequest: null, enableAutoPipelining: true });
}

let shared: Redis | undefined;

/** The process's fail-fast connection for small commands: cache, hints, boards. */
export function sharedClient(): Redis {
  shared ??= failFastClient('shared');
  return shared;
}

/** A Redis key of this system. */
export function redisKey(area: string, ...ids: string[]): string {
  return [config.keyPrefix, area, ...ids].join(':');
}

let pausedUntil = 0;

/** Runs a Redis command that nobody depends on: its answer, or `fallback` when Redis is away, slow or paused. */
export async function orElse<T>(fallback: T, command: (client: Redis) => Promise<T>): Promise<T> {
  const client = sharedClient();
  if (client.status !== 'ready' || Date.now() < pausedUntil) {
    return fallback;
  }
  try {
    return await command(client);
  } catch (error) {
    pausedUntil = Date.now() + pauseMs;
    log.debug({ reason: String(error) }, 'A Redis command failed');
    return fallback;
  }
}

/** A cache that never throws and never hangs: without Redis it knows nothing. Keys come without prefix. */
export const cache = {
  /** The value, or null where there is none or Redis does not answer. */
  get: async (key: string): Promise<string | null> =>
    await orElse(null, async (client) => await client.get(redisKey('cache', key))),
  /** Keeps a value for `ttlMs`. False where it could not. */
  set: async (key: string, value: string, ttlMs: number): Promise<boolean> =>
    await orElse(false, async (client) => (await client.set(redisKey('cache', key), value, 'PX', ttlMs)) === 'OK'),
  /** Forgets a value. False where it could not. */
  delete: async (key: string): Promise<boolean> =>
    await orElse(false, async (client) => (await client.del(redisKey('cache', key))) >= 0),
};

/** Asks Redis for a sign of life within a second, and whether it would throw data away. */
export async function probeRedis(): Promise<{ ok: boolean; evicts: boolean }> {
  try {
    const client = sharedClient();
    await client.ping();
    const policy = (await client.config('GET', 'maxmemory-policy').catch(() => ['', 'noeviction'])) as
      | string[]
      | Record<string, string>;
    const value = Array.isArray(policy) ? policy[1] : policy['maxmemory-policy'];
    return { ok: true, evicts: value !== undefined && value !== 'noeviction' };
  } catch {
    return { ok: false, evicts: false };
  }
}

/** Closes every connection of this process. */
export async function closeRedis(): Promise<void> {
  shared = undefined;
  for (const client of open) {
    client.disconnect();
  }
  open.clear();
  await Promise.resolve();
}
