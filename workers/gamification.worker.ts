// The gamification pool: XP, levels, badges.
import { workOwner } from '#src/platform/commands/drain-work.ts';
import type { Owner } from '#src/platform/commands/owner.ts';
import type { Registry } from '#src/platform/registry.ts';

/** Owns shards of users' XP. */
export function gamificationWorker(registry: Registry): Owner {
  return workOwner(registry, 'gamification');
}
