// What Redis knows of this installation as a whole: who listens, and all of its keys. For restores, which replace the
// truth below it.
import type { Redis } from 'ioredis';
import { config } from '#config/env.ts';
import { patientClient, redisKey } from './clients.ts';

/** Redis that does not answer within this time is away. */
const answerMs = 3_000;

/** What all keys of this installation are named like. */
export const ownKeys = `${config.keyPrefix}:*`;

/** The command's answer, or null where Redis does not answer. */
async function ask<T>(command: (client: Redis) => Promise<T>): Promise<T | null> {
  let client: Redis | undefined;
  let timer: NodeJS.Timeout | undefined;
  try {
    const asked = (client = patientClient('restore'));
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('Redis does not answer')), answerMs);
    });
    await Promise.race([asked.ping(), late]);
    return await command(asked);
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
    client?.disconnect();
  }
}

/** API processes of this installation that listen for answers now; null where Redis does not answer. */
export async function listeningNodes(): Promise<string[] | null> {
  const channel = redisKey('hint', 'settled.');
  const channels = await ask(async (client) => (await client.pubsub('CHANNELS', `${channel}*`)) as string[]);
  return channels?.map((name) => name.slice(channel.length)) ?? null;
}

/** Removes every key of this installation, never another's; the number of them, or null where Redis does not answer. */
export async function forgetRedis(): Promise<number | null> {
  return await ask(async (client) => {
    let removed = 0;
    for await (const keys of client.scanStream({ match: ownKeys, count: 1_000 }) as AsyncIterable<string[]>) {
      removed += keys.length > 0 ? await client.unlink(...keys) : 0;
    }
    return removed;
  });
}
