// How long trouble is borne, and the waits in between. Called by api.ts, once for each request.
import { setTimeout as delay } from 'node:timers/promises';
import { GaveUp } from './gave-up.ts';

/** The longest a request is tried again and again, in milliseconds. */
const longestMs = 120_000;
const firstWaitMs = 50;
const longestWaitMs = 2_000;

/** Counts the trouble of one request. */
export class Patience {
  #since: number | undefined;
  #waits = 0;

  /**
   * Waits: as long as the server asked for, else longer each time, with jitter.
   * @throws GaveUp after two minutes of trouble, with `reason`
   */
  async pause(reason: string, askedMs = 0): Promise<void> {
    this.#since ??= performance.now();
    if (performance.now() - this.#since > longestMs) {
      throw new GaveUp(`Two minutes without success: ${reason}. Run the demo again to go on where it stopped`);
    }
    const waitMs = Math.min(firstWaitMs * 2 ** this.#waits, longestWaitMs);
    this.#waits += 1;
    await delay(askedMs + waitMs * (0.5 + Math.random() / 2));
  }
}
