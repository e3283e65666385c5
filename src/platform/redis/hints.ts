// Hints: best-effort messages between processes. Whoever listens also polls the truth, so a lost hint costs a moment.
import type { Redis } from 'ioredis';
import type { z } from 'zod';
import { logFor } from '../log.ts';
import { orElse, patientClient, redisKey } from './clients.ts';

const log = logFor('hints');
type Listener = (payload: unknown) => void;

let subscriber: Redis | undefined;
const listeners = new Map<string, Set<Listener>>();

/** Hints that are not sent yet. */
const underWay = new Set<Promise<unknown>>();

/** Sends a hint to every process that listens on the topic. Never throws, never waits longer than 500 ms. */
export function hint(topic: string, payload: unknown): void {
  void hintHeard(topic, payload);
}

/** Sends a hint and tells how many processes heard it, 0 where Redis is away. Never throws, takes 500 ms at most. */
export async function hintHeard(topic: string, payload: unknown): Promise<number> {
  const sent = orElse(0, async (client) => await client.publish(redisKey('hint', topic), JSON.stringify(payload)));
  underWay.add(sent);
  return await sent.finally(() => underWay.delete(sent));
}

/**
 * Calls `hear` for every hint of the topic that arrives and fits the schema. What does not fit is dropped, be it of
 * another version's shape or nobody's: the schema says no more than what is used of it. Returns how to stop.
 */
export function onHint<Schema extends z.ZodType>(
  topic: string,
  schema: Schema,
  hear: (payload: z.output<Schema>) => void,
): () => void {
  const channel = redisKey('hint', topic);
  const listener: Listener = (payload) => {
    const parsed = schema.safeParse(payload);
    if (parsed.success) {
      hear(parsed.data);
    } else {
      log.warn({ channel, issues: parsed.error.issues.slice(0, 3) }, 'A hint does not fit and was dropped');
    }
  };
  if (!subscriber) {
    subscriber = patientClient('hints');
    subscriber.on('message', (from: string, message: string) => deliver(from, message));
  }
  let known = listeners.get(channel);
  if (!known) {
    known = new Set();
    listeners.set(channel, known);
    subscriber
      .subscribe(channel)
      .catch((error: unknown) => log.debug({ channel, reason: String(error) }, 'No subscription'));
  }
  known.add(listener);
  return () => forget(channel, listener);
}

/** A channel nobody listens to is left, so that who sends to it learns that nobody does. */
function forget(channel: string, listener: Listener): void {
  const known = listeners.get(channel);
  if (known?.delete(listener) && known.size === 0) {
    listeners.delete(channel);
    subscriber?.unsubscribe(channel).catch(() => undefined);
  }
}

function deliver(channel: string, message: string): void {
  let payload: unknown;
  try {
    payload = JSON.parse(message);
  } catch {
    log.warn({ channel }, 'A hint could not be read');
    return;
  }
  for (const listener of listeners.get(channel) ?? []) {
    try {
      listener(payload);
    } catch (error) {
      // Out of here it would end the process, and every other one that hears the same.
      log.error({ channel, err: error }, 'A listener fell over a hint');
    }
  }
}

/**
 * Forgets all listeners and lets the last hints go out: those of owners that gave their shards up. The connection is
 * closed with the others.
 */
export async function closeHints(): Promise<void> {
  await Promise.all(underWay);
  listeners.clear();
  subscriber?.disconnect();
  subscriber = undefined;
}
