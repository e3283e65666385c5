// The webhooks pool: calls of other systems, apart from mails, so that neither waits for the other.
import type { Owner } from '#src/platform/commands/owner.ts';
import { effectOwner } from '#src/platform/effects/drain-effects.ts';
import type { Registry } from '#src/platform/registry.ts';

/** Owns shards of webhooks and delivers them. */
export function webhooksWorker(registry: Registry): Owner {
  return effectOwner(registry, 'webhooks');
}
