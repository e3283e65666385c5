// Locks in `meta`: one process at a time does a thing, for as long as it takes, and one that was killed is not waited for
// for ever. Called by migrate.ts and by backups.
import { nodeId } from '../ids.ts';
import { logFor } from '../log.ts';
import { Meta } from './meta.ts';

const log = logFor('lease');

/** How long a lock outlives a holder that was killed, in milliseconds; whoever lives renews it three times as often. */
export const leaseMs = 30_000;

/** A lock that is held, and renewed until it is released. */
export interface Lease {
  /** Names this holding of the lock. */
  readonly holder: string;
  /** Gives it up; a successor's is left alone. */
  release(): Promise<void>;
}

let taken = 0;

/** Takes a lock, or gives null where somebody else holds it. Time is the server's, so clocks may differ. */
export async function takeLease(id: string, ms = leaseMs): Promise<Lease | null> {
  taken += 1;
  const holder = `${nodeId}.${taken}`;
  const free = { $lte: [{ $ifNull: ['$until', new Date(0)] }, '$$NOW'] };
  const taking = {
    holder: { $cond: [free, { $literal: holder }, '$holder'] },
    until: { $cond: [free, { $add: ['$$NOW', ms] }, '$until'] },
  };
  const row = await Meta.native().findOneAndUpdate({ _id: id }, [{ $set: taking }], {
    upsert: true,
    returnDocument: 'after',
  });
  if (row?.holder !== holder) {
    return null;
  }
  const timer = setInterval(() => {
    renewLease(id, holder, ms).catch((error: unknown) =>
      log.warn({ lock: id, reason: String(error) }, 'A lock was not renewed'),
    );
  }, ms / 3);
  return {
    holder,
    release: async () => {
      clearInterval(timer);
      await releaseLease(id, holder);
    },
  };
}

/** Lets a lock go on for its holder. False where it is not this holder's any more. */
export async function renewLease(id: string, holder: string, ms = leaseMs): Promise<boolean> {
  const renewed = await Meta.native().updateOne({ _id: id, holder }, [{ $set: { until: { $add: ['$$NOW', ms] } } }]);
  return renewed.matchedCount === 1;
}

/** Gives a lock up for its holder; a successor's is left alone. */
export async function releaseLease(id: string, holder: string): Promise<void> {
  await Meta.native().deleteOne({ _id: id, holder });
}
