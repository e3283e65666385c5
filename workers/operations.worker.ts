// The operations pool: schedules, and imports with what they make.
import { workOwner } from '#src/platform/commands/drain-work.ts';
import type { Owner } from '#src/platform/commands/owner.ts';
import type { Registry } from '#src/platform/registry.ts';
import { importSweep } from '#src/platform/imports/sweep.ts';
import { scheduleSweep } from '#src/platform/schedules/sweep.ts';

/** Owns shards of schedules and imports, makes due runs and next steps into work, and keeps their surroundings tidy. */
export function operationsWorker(registry: Registry): Owner {
  return workOwner(registry, 'operations', [scheduleSweep(), importSweep()]);
}
