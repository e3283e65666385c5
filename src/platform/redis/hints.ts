// Hints: best-effort messages between processes. Whoever listens also polls the truth, so a lost hint costs a moment.
import type { Redis } from 'ioredis';
import { logFor } from '../log.ts';
import { orElse, patientClient, redisKey } from './clients.ts';

const log = logFor('hints');
type Listener = (payload: unknown) => void;

let subscriber: Redis | undefined;
const listeners = new Map<string, Set<Listener>>();

/** Sends a hint to every process that listens on the topic. Never throws, never waits longer than 500 ms. */
export function hint(topic: string, payload: unknown): void {
  void orElse(0, async (client) => await client.publish(redisKey('hint', topic), JSON.stringify(payload)));
}

/** Calls `listener` for every hint of the topic that arrives. Returns how to stop. */
export function onHint(topic: string, listener: Listener): () => void {
  const channel = redisKey('hint', topic);
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
  return () => known.delete(listener);
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
    listener(payload);
  }
}

/** Forgets all listeners; the connection is closed with the others. */
export function closeHints(): void {
  listeners.clear();
  subscriber?.disconnect();
  subscriber = undefined;
}
