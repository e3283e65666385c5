// Waits for what comes about by itself, instead of sleeping.
import { setTimeout as delay } from 'node:timers/promises';

/** Runs `check` until it no longer throws, and gives what it returned; after `timeoutMs` its last error. */
export async function eventually<T>(check: () => Promise<T> | T, timeoutMs = 5_000, everyMs = 20): Promise<T> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() >= end) {
        throw error;
      }
    }
    await delay(everyMs);
  }
}
