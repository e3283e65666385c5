// What an effect is: work whose doing is I/O outside MongoDB. A service defines one with `defineEffect`; a decision asks for
// it with a draft in `work`, as for any command; the owner of its shard performs it (drain-effects.ts).
import type { z } from 'zod';
import { performing, type EffectPool } from '#config/pools.ts';
import type { Decision } from '../commands/command.ts';

/** How often an effect is tried, and how long it waits in between. */
export interface Retry {
  /** Times it is performed before it is a dead letter. */
  readonly attempts: number;
  /** The longest first wait; doubled each time up to `maxMs`. */
  readonly baseMs: number;
  readonly maxMs: number;
  /** The part of each wait that is left to chance, 0 to 1. With 1 a crowd that failed together comes back spread out. */
  readonly jitter: number;
}

/** What `perform` is given beside its input. */
export interface Performance {
  /** The idempotency key: the same at every attempt, after a redrive too. */
  readonly id: string;
  /** Which attempt this is, from 1. */
  readonly attempt: number;
  /** Aborted on time-out, when the process stops and when the shard is lost. Who does not heed it is left behind. */
  readonly signal: AbortSignal;
}

/** How an effect ended. */
export type Ended<Result> =
  | { readonly state: 'done'; readonly result: Result }
  | { readonly state: 'dead'; readonly error: Error };

/** A kind of effect. (Methods, so that an effect of some input stands in a table of any.) */
export interface EffectDefinition<Input = unknown, Result = unknown> {
  /** `<service>.<noun>.<verb>`, as commands are named. */
  readonly kind: string;
  readonly pool: EffectPool;
  readonly input: z.ZodType<Input>;
  /**
   * Does it: at least once, so the receiver has to know a repeat by `id`. What it returns is stored as the operation's
   * result. Throws TerminalError where trying again is of no use; anything else that is thrown is tried again.
   * Messages of errors are stored and shown: they hold neither content nor secrets.
   */
  perform(input: Input, performance: Performance): Promise<Result>;
  /** How long one attempt may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly retry?: Partial<Retry>;
  /** The most of this kind that one process performs at once. */
  readonly atOnce?: number;
  /** Effects of one lane are performed one at a time, in the order of their rows, retries included. Without: no order. */
  lane?(input: Input): string;
  /** What a dead letter does to its lane: later ones go on (`skip`, the default) or wait for the redrive (`block`). */
  readonly onFailure?: 'skip' | 'block';
  /** Pure: what is committed together with its end. A put replaces what is there, since a redrive ends again. */
  settle?(
    ended: Ended<Result>,
    effect: { readonly id: string; readonly input: Input },
    now: Date,
  ): Pick<Decision, 'writes' | 'events' | 'work'>;
}

/** Defines an effect; see EffectDefinition. */
export function defineEffect<Input, Result>(
  definition: EffectDefinition<Input, Result>,
): EffectDefinition<Input, Result> {
  return Object.freeze(definition);
}

/** It did not work now and may work later. `afterMs`: the soonest that the other side wants to hear of it again. */
export class RetryableError extends Error {
  readonly afterMs: number;

  constructor(message: string, { afterMs = 0, cause }: { afterMs?: number; cause?: unknown } = {}) {
    super(message, { cause });
    this.name = 'RetryableError';
    this.afterMs = afterMs;
  }
}

/** It will never work: a dead letter at once. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
}

/** The retries of a kind, complete. */
export function retryOf({ retry }: Pick<EffectDefinition, 'retry'>): Retry {
  return { ...performing.retry, ...retry };
}

/** Milliseconds until the next attempt, after `failed` earlier ones and this one: exponential, with jitter. */
export function waitBefore({ baseMs, maxMs, jitter }: Retry, failed: number, random = Math.random()): number {
  const longest = Math.min(baseMs * 2 ** Math.min(failed, 40), maxMs);
  return Math.round(longest * (1 - jitter * random));
}
