// The machines pool: steps of persisted state machines, and their timers.
import { workOwner } from '#src/platform/commands/drain-work.ts';
import type { Owner } from '#src/platform/commands/owner.ts';
import { timerSweep } from '#src/platform/machines/timers.ts';
import type { Registry } from '#src/platform/registry.ts';

/** Owns shards of machine instances and turns their due timers into work. */
export function machinesWorker(registry: Registry): Owner {
  return workOwner(registry, 'machines', [timerSweep]);
}
