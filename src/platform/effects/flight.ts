// Effects that are under way in this process: each under its time-out, and how each ended until that is settled.
import type { WorkRow } from '../commands/work.ts';
import { groupBy } from '../group-by.ts';
import { observeEffect, setEffectsInFlight } from '../metrics/metrics.ts';
import { underRowSpan } from '../tracing/row-spans.ts';
import { RetryableError, TerminalError, type EffectDefinition } from './effect.ts';

/** What performing a row came to. */
export interface Landed {
  readonly row: WorkRow;
  readonly result?: unknown;
  readonly error?: Error;
}

/** The row is somebody else's from now on: how this attempt ends does not count. */
class HandedOver extends Error {
  override readonly name = 'HandedOver';
}

interface Flying {
  readonly row: WorkRow;
  readonly controller: AbortController;
}

/** Rows from the moment they are taken until their end is committed. */
export class Flight {
  readonly #flying = new Map<string, Flying>();
  readonly #landed = new Map<string, Landed>();
  readonly #tell: () => void;
  #waiting: (() => void) | undefined;

  /** `onLanding` is called whenever one ends. */
  constructor(onLanding: () => void) {
    this.#tell = onLanding;
  }

  /** Resolves when the next one ends, or after `ms`. */
  async nextLanding(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#waiting = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #onLanding(): void {
    this.#tell();
    this.#waiting?.();
  }

  /** Rows under way, and those that ended and are not settled. */
  rows(): WorkRow[] {
    return [...this.#flying.values(), ...this.#landed.values()].map(({ row }) => row);
  }

  /** How those ended that are not settled yet. */
  landed(): Landed[] {
    return [...this.#landed.values()];
  }

  /** Their ends are committed, or are none of ours any more. */
  forget(ids: Iterable<string>): void {
    for (const id of ids) {
      this.#landed.delete(id);
    }
  }

  /** Ends a row without performing it. */
  land(landed: Landed): void {
    this.#landed.set(landed.row._id, landed);
    this.#onLanding();
  }

  /** Performs a row. Never waits and never throws: the end is found in `landed`. */
  launch(row: WorkRow, definition: EffectDefinition): void {
    const controller = new AbortController();
    this.#flying.set(row._id, { row, controller });
    this.#count(row.kind);
    const { timeoutMs } = definition;
    const late = new RetryableError(`It did not end within ${timeoutMs} ms`);
    const timer = setTimeout(() => controller.abort(late), timeoutMs);
    const since = performance.now();
    this.#perform(row, definition, controller.signal)
      .then((result): Landed => ({ row, result }))
      .catch((error: unknown): Landed => ({ row, error: reasonOf(controller.signal, error) }))
      .then((landed) => {
        clearTimeout(timer);
        // Another attempt of the same row may be under way since this one was given up.
        if (this.#flying.get(row._id)?.controller !== controller) {
          return;
        }
        this.#flying.delete(row._id);
        this.#count(row.kind);
        const handed = landed.error instanceof HandedOver;
        observeEffect(row.kind, handed ? 'handed_over' : landed.error ? 'failed' : 'done', performance.now() - since);
        if (handed) {
          this.#onLanding();
        } else {
          this.land(landed);
        }
      })
      .catch(() => undefined);
  }

  async #perform(row: WorkRow, definition: EffectDefinition, signal: AbortSignal): Promise<unknown> {
    return await underRowSpan('effect.perform', row, async () => {
      const parsed = definition.input.safeParse(row.input);
      if (!parsed.success) {
        throw new TerminalError(`The input does not fit the effect ${row.kind}`);
      }
      const { _id: id, attempts } = row;
      // Who does not heed the signal is left behind: a slot is never lost to it.
      return await Promise.race([
        definition.perform(parsed.data, { id, attempt: attempts + 1, signal }),
        aborted(signal),
      ]);
    });
  }

  /** Aborts what is under way in these shards; it counts as not tried. */
  handOver(isOf: (shard: string) => boolean): void {
    for (const { row, controller } of this.#flying.values()) {
      if (isOf(row.shard)) {
        controller.abort(new HandedOver('It was handed over to another process'));
      }
    }
  }

  /** Aborts all and forgets how any of it ended: the shards are lost, and with them the right to settle. */
  drop(): void {
    const lost = [...this.#flying.values()];
    this.#flying.clear();
    this.#landed.clear();
    lost.forEach(({ row, controller }) => {
      controller.abort(new HandedOver('The shard was lost'));
      this.#count(row.kind);
    });
  }

  #count(kind: string): void {
    const flying = groupBy(this.#flying.values(), ({ row }) => row.kind).get(kind) ?? [];
    setEffectsInFlight(kind, flying.length);
  }
}

async function aborted(signal: AbortSignal): Promise<never> {
  return await new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

function reasonOf(signal: AbortSignal, error: unknown): Error {
  const reason: unknown = signal.aborted ? signal.reason : error;
  return reason instanceof Error ? reason : new Error(String(reason));
}
