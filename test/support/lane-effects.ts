// Effects of the tests' own for owners of the pool effects: in lanes or not, failing, hanging and waiting as they are asked to,
// with what came of each attempt. Called by test/integration/effects.
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { put } from '#src/platform/commands/command.ts';
import {
  defineEffect,
  RetryableError,
  TerminalError,
  type EffectDefinition,
  type Performance,
} from '#src/platform/effects/effect.ts';
import { defineCollection } from '#src/platform/mongo/collection.ts';
import type { Service } from '#src/platform/registry.ts';

interface Ending {
  readonly _id: string;
  readonly state: string;
}
/** How rows of `probe.settled` ended. */
export const Endings = defineCollection<Ending>('test_endings', { state: String });

const input = z.strictObject({
  lane: z.string(),
  note: z.string(),
  /** Times it fails before it works; `-1`: for good, at once. */
  fails: z.int(),
  /** `hangs` and `deaf` never end; deaf ones do not even heed the signal. `open` waits for the test. */
  how: z.enum(['plain', 'hangs', 'deaf', 'open', 'unsettled']).default('plain'),
});
/** What an effect is asked with. */
export type Probe = z.output<typeof input>;

/** Every attempt, in order. */
export const performed: { lane: string; note: string; id: string; attempt: number }[] = [];
/** What ends each attempt that waits for the test. */
export const open: (() => void)[] = [];
/** How many are under way in each lane. */
export const busy = new Map<string, number>();
/** The most that were under way at once. */
export const worst = { inLane: 0, all: 0 };

/** Forgets what was; call it before each test. */
export function forgetPerformed(): void {
  performed.length = 0;
  open.length = 0;
  busy.clear();
  Object.assign(worst, { inLane: 0, all: 0 });
}

async function probe({ lane, note, fails, how }: Probe, { id, attempt, signal }: Performance): Promise<object> {
  performed.push({ lane, note, id, attempt });
  busy.set(lane, (busy.get(lane) ?? 0) + 1);
  worst.inLane = Math.max(worst.inLane, busy.get(lane) ?? 0);
  worst.all = Math.max(
    worst.all,
    [...busy.values()].reduce((sum, count) => sum + count, 0),
  );
  try {
    await delay(1);
    if (how === 'deaf') {
      await new Promise(() => undefined);
    }
    if (how === 'hangs' || how === 'open') {
      await new Promise<void>((resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
        if (how === 'open') {
          open.push(resolve);
        }
      });
    }
    if (fails < 0) {
      throw new TerminalError('Never');
    }
    if (attempt <= fails) {
      throw new RetryableError('Not yet');
    }
    return { note };
  } finally {
    busy.set(lane, (busy.get(lane) ?? 1) - 1);
  }
}

const kind = (name: string, more: Partial<EffectDefinition<Probe>> = {}): EffectDefinition =>
  defineEffect<Probe, unknown>({
    kind: `probe.${name}`,
    pool: 'effects',
    input,
    timeoutMs: 5_000,
    retry: { attempts: 3, baseMs: 4, maxMs: 20 },
    perform: probe,
    ...more,
  }) as unknown as EffectDefinition;

const laneOf = ({ lane }: Probe): string => lane;
/** The service of these effects. */
export const laneProber: Service = {
  name: 'probe',
  effects: [
    kind('skip', { lane: laneOf, onFailure: 'skip' }),
    kind('block', { lane: laneOf, onFailure: 'block' }),
    kind('free'),
    kind('short', { timeoutMs: 300, atOnce: 2, retry: { attempts: 2, baseMs: 1, maxMs: 1 } }),
    kind('settled', {
      settle: ({ state }, { id, input: { how } }) => {
        if (how === 'unsettled') {
          throw new Error('Cannot follow');
        }
        return {
          writes: [put(Endings, { _id: id, state })],
          work: [
            {
              kind: 'probe.free',
              input: { lane: 'next', note: `after ${state}`, fails: 0 },
              cause: `${id}.${state}`,
            },
          ],
        };
      },
    }),
  ],
};
