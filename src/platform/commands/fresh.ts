// The shortcut for work whose caller waits: its row is handed to the owner of its shard before it is written, and the
// owner writes row and effect in one transaction. Nothing is promised by it: a row that is not answered in time is
// written by `accept` as any other, under the same id, so that whoever comes second finds it there.
import { mongo } from 'mongoose';
import { z } from 'zod';
import { leases, pools, type PoolName } from '#config/pools.ts';
import { logFor } from '../log.ts';
import { hintHeard, onHint } from '../redis/hints.ts';
import { mac } from '../secrets.ts';
import { ownerOf, showFresh } from './queues.ts';
import { keyOf } from './standing.ts';
import type { WorkRow } from './work.ts';

const log = logFor('fresh');

interface Offer {
  readonly row: WorkRow;
  readonly handed: (there: boolean) => void;
}

/**
 * Rows for each owner that is being sent something. Those that come while a message is under way go together with the
 * next one: what a message costs three processes is the dearest part of handing over.
 */
const gathered = new Map<string, Offer[]>();
/** Owners that lately let a row wait: until then theirs are written first. */
const slow = new Map<string, number>();

/**
 * Hands a row to its owner. False when no owner is known, listens or is quick enough at the moment: then the row has to
 * be written first.
 */
export async function handOver(row: WorkRow): Promise<boolean> {
  const owner = ownerOf(row.shard);
  if (owner === undefined || isSlow(owner)) {
    return false;
  }
  return await new Promise((handed) => {
    const offers = gathered.get(owner);
    if (offers) {
      offers.push({ row, handed });
    } else {
      gathered.set(owner, [{ row, handed }]);
      // Requests that were read from the sockets in this turn of the event loop come along.
      setImmediate(() => void sendGathered(owner));
    }
  });
}

/** The owner of a row did not settle it in time: for a second its rows are written first. */
export function distrust(row: WorkRow): void {
  const owner = ownerOf(row.shard);
  if (owner !== undefined) {
    leaveAlone(owner);
  }
}

/** Sends what gathered for an owner, message after message, until nothing came meanwhile. */
async function sendGathered(owner: string): Promise<void> {
  for (let offers = gathered.get(owner) ?? []; offers.length > 0; offers = gathered.get(owner) ?? []) {
    gathered.set(owner, []);
    if (isSlow(owner)) {
      offers.forEach(({ handed }) => handed(false));
    } else {
      await send(owner, offers);
    }
  }
  gathered.delete(owner);
}

const isSlow = (owner: string): boolean => (slow.get(owner) ?? 0) > Date.now();

async function send(owner: string, offers: readonly Offer[]): Promise<void> {
  const rows = offers.map(({ row }) => row);
  const packed = pack(rows);
  const listeners = packed === null ? 0 : await hintHeard(topicOf(owner), { packed, seal: sealOf(owner, packed) });
  if (listeners > 0) {
    showFresh(rows);
  } else {
    leaveAlone(owner);
  }
  offers.forEach(({ handed }) => handed(listeners > 0));
}

/** BSON, so that the owner gets what MongoDB would have given it; null for rows that are too large together. */
function pack(rows: readonly WorkRow[]): string | null {
  try {
    return Buffer.from(mongo.BSON.serialize({ rows }, { ignoreUndefined: true })).toString('base64');
  } catch (error) {
    log.debug({ rows: rows.length, reason: String(error) }, 'Rows could not be packed; they are written first');
    return null;
  }
}

/** For a second the owner's rows are written first. Owners of long ago are forgotten. */
function leaveAlone(owner: string): void {
  const now = Date.now();
  slow.forEach((until, known) => until < now && slow.delete(known));
  slow.set(owner, now + leases.renewMs);
}

const topicOf = (owner: string): string => `fresh.${owner}`;
/** Says that these rows come from a process of this system, for this owner: writing to Redis is not enough to act. */
const sealOf = (owner: string, packed: string): string => mac('fresh', `${owner} ${packed}`);

const freshRow = z.looseObject({
  _id: z.string(),
  shard: z.string(),
  kind: z.string(),
  key: z.string(),
  actor: z.string(),
  idempotencyKey: z.string().exactOptional(),
  requestHash: z.string(),
  input: z.unknown(),
  state: z.literal('new'),
  attempts: z.literal(0),
  notBefore: z.date(),
  requestId: z.string(),
  acceptedAt: z.date(),
});
const sealed = z.strictObject({ packed: z.string(), seal: z.string() });
const handedRows = z.object({ rows: z.array(freshRow) });

/** Rows that were handed to one owner and are not written yet. */
export class FreshRows {
  readonly #limit: number;
  readonly #wake: () => void;
  #rows: WorkRow[] = [];
  #owner: string | undefined;
  #stopListening: (() => void) | undefined;

  constructor(pool: PoolName, wake: () => void) {
    this.#limit = pools[pool].maxBatch * 4;
    this.#wake = wake;
  }

  /** Listens for the rows of this owner from now on, and no more for those of another one. */
  listen(owner: string | undefined): void {
    if (owner === this.#owner) {
      return;
    }
    this.#stopListening?.();
    this.#owner = owner;
    this.#rows = [];
    this.#stopListening =
      owner === undefined ? undefined : onHint(topicOf(owner), sealed, (message) => this.#receive(owner, message));
  }

  /**
   * Takes up to `most` rows of these shards, oldest first, one for each Idempotency-Key: its repeats stay for later,
   * when the first is settled. Rows of other shards are forgotten: their callers write them.
   */
  take(shards: ReadonlySet<string>, most: number): WorkRow[] {
    const keys = new Set<string>();
    const taken: WorkRow[] = [];
    const left: WorkRow[] = [];
    for (const row of this.#rows) {
      const key = keyOf(row);
      if (taken.length < most && !keys.has(key)) {
        keys.add(key);
        taken.push(row);
      } else {
        left.push(row);
      }
    }
    this.#rows = left;
    return taken.filter(({ shard }) => shards.has(shard));
  }

  /** True while rows wait. */
  get waiting(): boolean {
    return this.#rows.length > 0;
  }

  #receive(owner: string, { packed, seal }: z.output<typeof sealed>): void {
    try {
      if (seal !== sealOf(owner, packed)) {
        throw new Error('They carry another seal than this system gives');
      }
      const { rows } = handedRows.parse(mongo.BSON.deserialize(Buffer.from(packed, 'base64')));
      // What does not fit is left to its callers, who write it after a moment.
      this.#rows.push(...rows.slice(0, Math.max(this.#limit - this.#rows.length, 0)));
      this.#wake();
    } catch (error) {
      log.warn({ reason: String(error) }, 'Rows that were handed over could not be read; their callers write them');
    }
  }
}
