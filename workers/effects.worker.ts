// The effects pool: what goes outside, such as mails.
import type { Owner } from '#src/platform/commands/owner.ts';
import { effectOwner } from '#src/platform/effects/drain-effects.ts';
import type { Registry } from '#src/platform/registry.ts';

/** Owns shards of effects and performs them. */
export function effectsWorker(registry: Registry): Owner {
  return effectOwner(registry, 'effects');
}
