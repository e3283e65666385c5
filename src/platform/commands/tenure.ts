// A tenure: one process's right to write the shards of one pool. Its row in `owners` is that right: every commit
// touches it, so whoever deletes the row has fenced the process, whatever the process believes.
import type { mongo } from 'mongoose';
import mongoose from 'mongoose';
import { leases, type PoolName } from '#config/pools.ts';
import { newId, nodeId } from '../ids.ts';
import { observeCommit } from '../metrics/metrics.ts';
import { inTransaction } from '../mongo/transaction.ts';
import { Owners, Shards, Work, type OwnerRow } from './work.ts';
import { Stale } from './write.ts';

/** The tenure is over: a successor may be at work already. Drop everything and begin anew. */
export class Fenced extends Error {
  constructor(tenure: string) {
    super(`The tenure ${tenure} is over`);
    this.name = 'Fenced';
  }
}

/** The error of a row whose process ended while it was being done: whoever tries it next watches out. */
export const diedWith = 'Its process ended or stood still while it was being done';

/** A write concern for rows that only say what is going on: a primary that fails loses a count, not work. */
const lightly = { writeConcern: { w: 1, journal: false } } as const;
const leaseFromNow = { $add: ['$$NOW', leases.leaseMs] };

/** A process's time as an owner in one pool. */
export class Tenure {
  readonly id: string;
  readonly pool: PoolName;
  readonly #session: mongo.ClientSession;
  readonly shards = new Set<string>();
  /** Commits of this tenure that are known. Each builds on the one before, so none can slip in unnoticed. */
  #commits = 0;

  private constructor(pool: PoolName, session: mongo.ClientSession) {
    this.id = `${pool}.${newId()}`;
    this.pool = pool;
    this.#session = session;
  }

  /** Begins a tenure without shards. */
  static async begin(pool: PoolName): Promise<Tenure> {
    const session = mongoose.connection.getClient().startSession();
    const tenure = new Tenure(pool, session);
    await Owners.native().updateOne(
      { _id: tenure.id },
      [{ $set: { pool, node: nodeId, session: session.id?.id, leaseUntil: leaseFromNow, taken: [], commits: 0 } }],
      { upsert: true },
    );
    return tenure;
  }

  /** Renews the lease and writes down what is about to be done, for a successor to know. @throws Fenced */
  async take(ids: readonly string[]): Promise<void> {
    await this.#touch({ taken: { $literal: ids } });
  }

  /** Renews the lease. @throws Fenced */
  async renew(): Promise<void> {
    await this.#touch({});
  }

  async #touch(fields: Record<string, unknown>): Promise<void> {
    const touched = await Owners.native().updateOne(
      { _id: this.id },
      [{ $set: { leaseUntil: leaseFromNow, ...fields } }],
      lightly,
    );
    if (touched.matchedCount === 0) {
      throw new Fenced(this.id);
    }
  }

  /**
   * Runs a body in one transaction that commits only while this tenure lasts, and only on top of the last commit that
   * is known: where an earlier one went through although its answer was lost, what was read before it is void.
   * @throws Fenced, Stale
   */
  async transaction(body: (session: mongo.ClientSession) => Promise<void>): Promise<void> {
    const session = this.#session;
    const since = performance.now();
    try {
      await inTransaction(session, async () => {
        const fence = await Owners.native().updateOne(
          { _id: this.id, commits: this.#commits },
          { $inc: { commits: 1 } },
          { session },
        );
        if (fence.matchedCount === 0) {
          throw new Stale(Owners.name);
        }
        await body(session);
      });
      this.#commits += 1;
      observeCommit(this.pool, since);
    } catch (error) {
      if (error instanceof Stale) {
        await this.#catchUp();
      }
      throw error;
    }
  }

  async #catchUp(): Promise<void> {
    const row = await Owners.native().findOne({ _id: this.id });
    if (!row) {
      throw new Fenced(this.id);
    }
    this.#commits = row.commits;
  }

  /** Takes a shard that `from` (null: nobody) is named as owner of. False when somebody else was quicker. */
  async claim(shard: string, from: string | null): Promise<boolean> {
    const claimed = await Shards.native().updateOne(
      { _id: shard, owner: from },
      { $set: { owner: this.id }, $inc: { epoch: 1 } },
    );
    if (claimed.matchedCount === 1) {
      this.shards.add(shard);
    }
    return claimed.matchedCount === 1;
  }

  /** Gives a shard up. Only between batches: what was taken is settled. */
  async release(shard: string): Promise<void> {
    this.shards.delete(shard);
    await Shards.native().updateOne({ _id: shard, owner: this.id }, { $set: { owner: null } });
  }

  /** Ends the tenure in order: its shards are free at once. */
  async end(): Promise<void> {
    await Shards.native().updateMany({ owner: this.id }, { $set: { owner: null } });
    await Owners.native().deleteOne({ _id: this.id });
    await this.#session.endSession();
  }

  /** Lets go of a tenure that is over. */
  async abandon(): Promise<void> {
    await this.#session.endSession().catch(() => undefined);
  }
}

/** Processes that own shards now: those within their lease, by name. */
export async function livingNodes(): Promise<string[]> {
  const living = await Owners.native()
    .aggregate<{ _id: string }>([
      { $match: { $expr: { $gt: ['$leaseUntil', '$$NOW'] } } },
      { $group: { _id: '$node' } },
    ])
    .toArray();
  return living.map(({ _id }) => _id);
}

/** Frees all shards from owners that are not there: those of a restored database, before anything runs on it. */
export async function freeShards(): Promise<void> {
  await Owners.native().deleteMany({});
  await Shards.native().updateMany({}, { $set: { owner: null } });
}

/**
 * Ends the tenure of an owner whose lease ran out: first its MongoDB session, so that no half-done transaction keeps
 * rows locked, then its row, then one attempt is counted for what it had taken. False when it lives or another
 * process was quicker.
 */
export async function bury(owner: OwnerRow): Promise<boolean> {
  const admin = mongoose.connection.getClient().db('admin');
  await admin.command({ killSessions: [{ id: owner.session }] }).catch(() => undefined);
  const gone = await Owners.native().findOneAndDelete({
    _id: owner._id,
    $expr: { $lte: ['$leaseUntil', '$$NOW'] },
  });
  if (!gone) {
    return false;
  }
  await Work.native().updateMany(
    { _id: { $in: [...gone.taken] }, state: 'new' },
    { $inc: { attempts: 1 }, $set: { error: diedWith } },
  );
  return true;
}
