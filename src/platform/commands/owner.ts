// The owner of a pool's shards in this process: keeps the lease, shares the shards with the other owners, buries the
// dead ones and drains what its shards hold. Work of a pool and the numbering of feeds are both run by it.
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { z } from 'zod';
import { leases, pools, type PoolName } from '#config/pools.ts';
import { logFor } from '../log.ts';
import { countTakeover, setOwnedShards } from '../metrics/metrics.ts';
import { within } from '../mongo/deadline.ts';
import { isTransient } from '../mongo/transaction.ts';
import { hint, onHint } from '../redis/hints.ts';
import { lookFor, type Place } from './lookout.ts';
import { bury, Fenced, Tenure } from './tenure.ts';
import { dealShards } from './share.ts';
import { Owners, Shards, shardsOf, type OwnerRow } from './work.ts';
import { Stale } from './write.ts';

/** Longer than any turn of a healthy owner. Its lease is long over by then: whoever took over is fenced off from it. */
const turnMs = 60_000;

/** A turn did not come back. The tenure is left to its lease, so that the turn can do no harm should it go on. */
class Stuck extends Error {
  constructor(tenure: string) {
    super(`A turn of the tenure ${tenure} did not end within ${turnMs} ms; beginning anew`);
    this.name = 'Stuck';
  }
}

/** How soon an owner looks again for a shard that is due to it and still with somebody else. */
const owedMs = 100;

const poolNames = Object.keys(pools) as PoolName[];

/** What an owner does with its shards. */
export interface Drain {
  /** Where what it does may wait. Besides it is asked for a pass after each wake-up and once for each `renewMs`. */
  readonly places: readonly Place[];
  /** Does some of what is there. True when there may be more at once. */
  pass(tenure: Tenure): Promise<boolean>;
  /** Something was found in its places: the next pass is to look for everything. */
  onFound?(): void;
  /** Told of shards that were won or given up, and under which tenure, to open and close what wakes the owner. */
  onShards?(shards: ReadonlySet<string>, tenure?: string): void;
  /** False while something of this shard is under way that has to end first; asked again soon. Without it: always. */
  mayRelease?(shard: string): boolean;
  /** The owner stops, in order: ends what is under way. Well within the lease. */
  finish?(tenure: Tenure): Promise<void>;
  /** Another owner of the pool vanished. */
  onTakeover?(): Promise<void>;
}

/** Owns shards of one pool from `start` to `stop`. */
export class Owner {
  readonly pool: PoolName;
  readonly #drain: Drain;
  readonly #log: Logger;
  #stopping = false;
  #awake = false;
  #wake: (() => void) | undefined;
  #passes = 0;
  #inPass = false;
  #passWaiters: { after: number; resolve: () => void }[] = [];
  #loop: Promise<void> | undefined;
  #renewAt = 0;
  #stopListening: (() => void) | undefined;
  #stopLooking: (() => void) | undefined;
  #shards: ReadonlySet<string> = new Set();

  constructor(pool: PoolName, drain: Drain) {
    this.pool = pool;
    this.#drain = drain;
    this.#log = logFor(`owner.${pool}`);
  }

  /** Begins to own. Returns at once; shards come within a second, or when a dead owner's lease is over. */
  start(): void {
    // Who came, went or gave something up: look at once instead of within a second.
    this.#stopListening = onHint('owners', z.string(), (pool) => {
      if (pool === this.pool) {
        this.#renewAt = 0;
        this.wake();
      }
    });
    this.#stopLooking = lookFor({
      places: this.#drain.places,
      shards: () => [...this.#shards],
      found: () => this.#lookAround(),
    });
    this.#loop = this.#run();
  }

  /** Finishes the batch at hand, gives the shards up and ends. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#stopListening?.();
    this.#stopLooking?.();
    this.wake();
    await this.#loop;
    poolNames.forEach((pool) => hint('owners', pool));
  }

  /** There is something to do. Never waits. */
  wake(): void {
    this.#awake = true;
    this.#wake?.();
  }

  /** Resolves when a pass that began after this call is over: what was there before is then settled or put off. */
  async drained(): Promise<void> {
    this.#lookAround();
    if (this.#stopping) {
      return;
    }
    await new Promise<void>((resolve) => {
      this.#passWaiters.push({ after: this.#inPass ? this.#passes : this.#passes - 1, resolve });
    });
  }

  #lookAround(): void {
    this.#drain.onFound?.();
    this.wake();
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      let tenure: Tenure | undefined;
      try {
        tenure = await Tenure.begin(this.pool);
        poolNames.forEach((pool) => hint('owners', pool));
        await this.#own(tenure);
        await this.#drain.finish?.(tenure);
        this.#tell(new Set());
        await tenure.end();
      } catch (error) {
        this.#tell(new Set());
        void tenure?.abandon();
        await this.#afterFault(error, 1);
      }
    }
    this.#passWaiters.forEach(({ resolve }) => resolve());
  }

  /** Owns until stopped. Faults that pass are waited out under the same tenure; only a lost lease ends it. */
  async #own(tenure: Tenure): Promise<void> {
    this.#renewAt = 0;
    for (let faults = 0; !this.#stopping;) {
      try {
        const more = await within(this.#turn(tenure), turnMs, () => new Stuck(tenure.id));
        faults = 0;
        if (!more) {
          this.#finishPass();
          await this.#sleep(Math.max(this.#renewAt - Date.now(), 1));
        }
      } catch (error) {
        if (error instanceof Fenced || error instanceof Stuck) {
          throw error;
        }
        faults += 1;
        await this.#afterFault(error, faults);
      }
    }
  }

  async #turn(tenure: Tenure): Promise<boolean> {
    if (Date.now() >= this.#renewAt) {
      this.#renewAt = Date.now() + leases.renewMs;
      await tenure.renew();
      await this.#rebalance(tenure);
    }
    return await this.#pass(tenure);
  }

  async #pass(tenure: Tenure): Promise<boolean> {
    this.#awake = false;
    this.#inPass = true;
    try {
      return tenure.shards.size > 0 && (await this.#drain.pass(tenure));
    } finally {
      this.#inPass = false;
    }
  }

  async #afterFault(error: unknown, faults: number): Promise<void> {
    if (error instanceof Fenced) {
      this.#log.warn('The lease was lost; beginning anew');
      return;
    }
    const passing = isTransient(error) || error instanceof Stale;
    if (passing && faults <= 3) {
      this.#log.debug({ reason: String(error) }, 'A pass has to be done again');
    } else {
      this.#log.warn(passing ? { reason: String(error) } : { err: error }, 'A pass failed; trying again');
    }
    await delay(Math.min(10 * 2 ** faults, 2_000) * (0.5 + Math.random() / 2));
  }

  #finishPass(): void {
    // Whoever asked before this pass began has `after` below the count; the rest wait for the next one.
    const done = this.#passWaiters.filter(({ after }) => after < this.#passes);
    this.#passWaiters = this.#passWaiters.filter(({ after }) => after >= this.#passes);
    this.#passes += 1;
    done.forEach(({ resolve }) => resolve());
  }

  async #sleep(ms: number): Promise<void> {
    if (this.#awake) {
      return;
    }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }

  #tell(shards: ReadonlySet<string>, tenure?: string): void {
    this.#shards = shards;
    setOwnedShards(this.pool, shards.size);
    this.#drain.onShards?.(shards, tenure);
  }

  /** Buries owners whose lease ran out, claims the shards that are due to it, gives up those that are not. */
  async #rebalance(tenure: Tenure): Promise<void> {
    const before = namesOf(tenure.shards);
    // Shards first: whoever is named there and is no owner afterwards is gone, not newly come.
    const rows = await Shards.native().find({ pool: this.pool }).toArray();
    const owners = await this.#livingOwners();
    const names = new Set(owners.map((owner) => owner._id));
    const due = dealShards(new Map(poolNames.map((pool) => [pool, shardsOf(pool)])), owners);
    const isDue = (shard: string): boolean => due.get(shard) === tenure.id;
    let kept = false;
    for (const row of rows) {
      if (row.owner !== tenure.id) {
        tenure.shards.delete(row._id);
        if (isDue(row._id) && (row.owner === null || !names.has(row.owner))) {
          await tenure.claim(row._id, row.owner);
        }
      } else if (isDue(row._id)) {
        tenure.shards.add(row._id);
      } else {
        kept = !(await this.#giveUp(tenure, row._id)) || kept;
      }
    }
    if (kept || rows.some(({ _id }) => isDue(_id) && !tenure.shards.has(_id))) {
      // Whoever has it gives it up between two batches. Its word may come before this process listens: do not wait for it.
      this.#renewAt = Math.min(this.#renewAt, Date.now() + owedMs);
    }
    const now = namesOf(tenure.shards);
    if (now !== before) {
      this.#log.info({ shards: now || 'none' }, 'Shards');
      this.#tell(tenure.shards, tenure.id);
      hint('owners', this.pool);
    }
  }

  /** Releases a shard; false while something of it is under way. */
  async #giveUp(tenure: Tenure, shard: string): Promise<boolean> {
    if (!(this.#drain.mayRelease?.(shard) ?? true)) {
      return false;
    }
    await tenure.release(shard);
    return true;
  }

  /** Owners that may still write: those within their lease, and those that renewed it while they were to be buried. */
  async #livingOwners(): Promise<OwnerRow[]> {
    const owners = await Owners.native()
      .aggregate<OwnerRow & { expired: boolean }>([{ $set: { expired: { $lte: ['$leaseUntil', '$$NOW'] } } }])
      .toArray();
    const buried = new Set<string>();
    for (const owner of owners.filter(({ expired, pool }) => expired && pool === this.pool)) {
      if (await bury(owner)) {
        buried.add(owner._id);
        countTakeover(this.pool);
        this.#log.warn(
          { owner: owner._id, node: owner.node, taken: owner.taken.length },
          'Took over from a dead owner',
        );
        await this.#drain.onTakeover?.();
        hint('owners', this.pool);
      }
    }
    return owners.filter(({ _id }) => !buried.has(_id));
  }
}

function namesOf(shards: ReadonlySet<string>): string {
  return [...shards].toSorted().join(' ');
}
