// Faults at a chosen place: which process owns a shard, which one stands inside a transaction, and MongoDB's fail
// points, which act on the product's connections only. Called by test/e2e.
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { mongo } from 'mongoose';
import { eventually } from './eventually.ts';

const appName = 'smartstart-brain';

/** A tenure and the process that holds it. */
export interface Holder {
  readonly tenure: string;
  readonly pid: number;
}

interface OwnerRow {
  readonly _id: string;
  readonly pool: string;
  readonly node: string;
  readonly session: mongo.UUID | mongo.Binary;
}

function pidOf(node: string): number {
  return Number(/-(\d+)-[0-9a-f]+$/u.exec(node)?.[1]);
}

/** The process that owns a shard now; waits until there is one. */
export async function ownerOf(db: mongo.Db, shard: string): Promise<Holder> {
  return await eventually(async () => {
    const row = await db.collection<{ _id: string; owner: string | null }>('shards').findOne({ _id: shard });
    const owner = await db.collection<OwnerRow>('owners').findOne({ _id: row?.owner ?? '' });
    assert.ok(owner, `nobody owns ${shard}`);
    return { tenure: owner._id, pid: pidOf(owner.node) };
  }, 10_000);
}

/** Waits until every shard of every pool has a living owner. */
export async function shared(db: mongo.Db, withinMs = 15_000): Promise<void> {
  await eventually(async () => {
    const names = new Set((await db.collection<OwnerRow>('owners').find().toArray()).map(({ _id }) => _id));
    const shards = await db.collection<{ _id: string; owner: string | null }>('shards').find().toArray();
    const strays = shards.filter(({ owner }) => owner === null || !names.has(owner)).map(({ _id }) => _id);
    assert.deepEqual(strays, [], 'shards without a living owner');
  }, withinMs);
}

/** The pools' tenures of one process. */
export async function tenuresOf(db: mongo.Db, pid: number): Promise<string[]> {
  const owners = await db.collection<OwnerRow>('owners').find().toArray();
  return owners.filter(({ node }) => pidOf(node) === pid).map(({ _id }) => _id);
}

/** What a blocked command is. `namespace`: `<collection>` for writes; none for commits. */
export interface Blocked {
  readonly command: 'update' | 'insert' | 'commitTransaction';
  readonly collection?: string;
  readonly ms: number;
}

/** The product's next such command stands still before it is done, once. Resolves when the fail point is set. */
export async function blockNext(db: mongo.Db, { command, collection, ms }: Blocked): Promise<void> {
  await db.admin().command({
    configureFailPoint: 'failCommand',
    mode: { times: 1 },
    data: {
      failCommands: [command],
      blockConnection: true,
      blockTimeMS: ms,
      appName,
      ...(collection === undefined ? {} : { namespace: `${db.databaseName}.${collection}` }),
    },
  });
}

/** These commands, on one collection or all, take this long for whoever connects under a name, until `unblock`. */
export async function slowDown(
  db: mongo.Db,
  slow: {
    readonly commands: readonly string[];
    readonly collection?: string;
    readonly ms: number;
    readonly of: string;
  },
): Promise<void> {
  await db.admin().command({
    configureFailPoint: 'failCommand',
    mode: 'alwaysOn',
    data: {
      failCommands: slow.commands,
      blockConnection: true,
      blockTimeMS: slow.ms,
      appName: slow.of,
      ...(slow.collection === undefined ? {} : { namespace: `${db.databaseName}.${slow.collection}` }),
    },
  });
}

/** Takes fail points away. */
export async function unblock(db: mongo.Db): Promise<void> {
  await db.admin().command({ configureFailPoint: 'failCommand', mode: 'off' });
}

/** Waits for an owner whose open transaction stands still, as a blocked command makes it, and says which process it is. */
export async function ownerInside(db: mongo.Db): Promise<Holder> {
  return await eventually(
    async () => {
      const match = { appName, 'transaction.timeInactiveMicros': { $gt: 200_000 } };
      const pipeline = [{ $currentOp: { allUsers: true, idleSessions: true } }, { $match: match }];
      const found = await db.admin().command({ aggregate: 1, pipeline, cursor: {} });
      const standing = found['cursor'].firstBatch as readonly { readonly lsid?: { readonly id: mongo.UUID } }[];
      const sessions = standing.flatMap(({ lsid }) => (lsid ? [lsid.id.toString('hex')] : []));
      const owners = await db.collection<OwnerRow>('owners').find().toArray();
      const owner = owners.find(({ session }) => sessions.includes(session.toString('hex')));
      assert.ok(owner, 'no owner stands still inside a transaction');
      return { tenure: owner._id, pid: pidOf(owner.node) };
    },
    10_000,
    30,
  );
}

/** The longest a shard may be without an owner. */
export const ownerlessMs = 1_000;

/** Watches who owns the shards; `stop` gives the longest time one had no living owner. */
export function watchShards(db: mongo.Db): { stop(): Promise<{ shard: string; ms: number }> } {
  let watching = true;
  let worst = { shard: 'none', ms: 0 };
  const since = new Map<string, number>();
  const watch = async (): Promise<void> => {
    while (watching) {
      const [owners, shards] = await Promise.all([
        db.collection<{ _id: string }>('owners').find().project({ _id: 1 }).toArray(),
        db.collection<{ _id: string; owner: string | null }>('shards').find().toArray(),
      ]);
      const living = new Set(owners.map(({ _id }) => String(_id)));
      for (const { _id, owner } of shards) {
        if (owner !== null && living.has(owner)) {
          since.delete(_id);
        } else {
          since.set(_id, since.get(_id) ?? performance.now());
          const ms = performance.now() - (since.get(_id) ?? 0);
          worst = ms > worst.ms ? { shard: _id, ms } : worst;
        }
      }
      await delay(20);
    }
  };
  const watched = watch();
  return {
    stop: async () => {
      watching = false;
      await watched;
      return worst;
    },
  };
}
