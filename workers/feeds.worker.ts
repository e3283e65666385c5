// The feeds pool: gives events their numbers.
import { z } from 'zod';
import type { Owner } from '#src/platform/commands/owner.ts';
import { feedOwner } from '#src/platform/events/feeds.ts';
import { onHint } from '#src/platform/redis/hints.ts';

/** Owns shards of feeds; a hint says that events were committed, the poll finds them without it. */
export function feedsWorker(): Owner {
  const owner = feedOwner();
  onHint('events', z.unknown(), () => owner.wake());
  return owner;
}
