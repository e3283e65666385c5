// The built-in effect `log`: what charts note is in their history, and here becomes a line of the log after the commit.
import type { Projection } from '../commands/projection.ts';
import { canonicalJson } from '../ids.ts';
import { logFor } from '../log.ts';
import type { Collection } from '../mongo/collection.ts';
import { Transitions, type Transition } from './store.ts';

const log = logFor('machines');
const longestNote = 500;

/** Writes a line for each `log` of a committed step. A process that dies may leave one out: the history has it. */
export const machineNotes: Projection = {
  of: Transitions as unknown as Collection<{ _id: string }>,
  push: async (steps) => {
    for (const { instance, seq, requestId, effects } of steps as readonly Transition[]) {
      for (const { params } of effects.filter(({ name }) => name === 'log')) {
        log.info({ instance, seq, requestId, note: canonicalJson(params).slice(0, longestNote) }, 'A machine notes');
      }
    }
    await Promise.resolve();
  },
  onTakeover: async () => await Promise.resolve(),
  onRestore: async () => await Promise.resolve(),
};
