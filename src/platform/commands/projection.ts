// Projections: what is derived from committed documents and kept outside MongoDB (a leaderboard's Redis set).
import type { Collection } from '../mongo/collection.ts';

/**
 * Told of documents of a collection after their commit, in commit order within a shard. It may be told twice and,
 * when a process dies, not at all: it must find that out by itself (see `onTakeover`).
 */
export interface Projection {
  readonly of: Collection<{ _id: string }>;
  /** The committed documents. Failing is its own matter: it must not throw. */
  push(docs: readonly { _id: string }[]): Promise<void>;
  /** An owner of this pool vanished, perhaps between commit and push: what it pushed can no longer be trusted. */
  onTakeover(): Promise<void>;
  /** The truth was replaced by a backup while nothing ran: whatever was pushed before, under any generation, is void. */
  onRestore(): Promise<void>;
}
