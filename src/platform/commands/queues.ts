// The BullMQ queues of the shards: one job for each batch of rows wakes the shard's owner and shows what is going on.
// A job that is lost costs a moment: the owner polls.
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { config } from '#config/env.ts';
import { leases, pools, type PoolName } from '#config/pools.ts';
import { groupBy } from '../group-by.ts';
import { logFor } from '../log.ts';
import { within } from '../mongo/deadline.ts';
import { failFastClient, patientClient } from '../redis/clients.ts';
import { Shards, shardsOf, type WorkRow } from './work.ts';

const log = logFor('queues');

const ids = z.array(z.string().min(1).max(128));

/**
 * What a job carries: ids and sizes, never inputs. `handed`: the owner has the rows already, the job only shows them.
 * Parsed at the owner's door, and where a person adds a job.
 */
export const wakeJob = z.strictObject({
  rows: ids.max(10_000),
  requestIds: ids.max(10),
  handed: z.boolean().optional(),
});
export type WakeJob = z.output<typeof wakeJob>;

let connection: Redis | undefined;
const producers = new Map<string, Queue<WakeJob>>();

/** Connects the producers. Called at boot, so that the first request finds them ready. */
export function openQueues(): void {
  connection ??= failFastClient('queues');
}

/**
 * The queue of a shard to write to, or null while Redis is away. A BullMQ queue keeps the error of a connection that
 * was not ready when it was made, so none is made before.
 */
export function producerOf(shard: string): Queue<WakeJob> | null {
  if (connection?.status !== 'ready') {
    return null;
  }
  let queue = producers.get(shard);
  if (!queue) {
    queue = queueOn(connection, shard);
    producers.set(shard, queue);
  }
  return queue;
}

function queueOn(client: Redis, shard: string): Queue<WakeJob> {
  const queue = new Queue<WakeJob>(shard, {
    connection: client,
    prefix: config.keyPrefix,
    skipWaitingForReady: true,
    defaultJobOptions: { removeOnComplete: { count: 1_000 }, removeOnFail: { count: 1_000 }, attempts: 1 },
  });
  queue.on('error', () => undefined);
  return queue;
}

/** The queues of every pool that has them, for the board to look at; the feeds' owners are woken by hints. */
export function queuesToShow(): Queue<WakeJob>[] {
  const client = patientClient('board');
  return (Object.keys(pools) as PoolName[])
    .filter((pool) => pool !== 'feeds')
    .flatMap((pool) => shardsOf(pool).map((shard) => queueOn(client, shard)));
}

/** Who owns which shard, as of a moment ago. Wrong at worst for a moment, and then the poll finds the rows. */
const owners = { of: new Map<string, string>(), readAt: 0, reading: false };

function refreshOwners(): void {
  if (owners.reading || Date.now() - owners.readAt < leases.renewMs) {
    return;
  }
  owners.reading = true;
  within(
    Shards.native()
      .find({ owner: { $ne: null } })
      .toArray(),
  )
    .then((rows) => {
      owners.of = new Map(rows.map(({ _id, owner }) => [_id, owner ?? _id]));
    })
    .catch((error: unknown) => log.debug({ reason: String(error) }, 'Who owns what is not known at the moment'))
    .finally(() => {
      owners.readAt = Date.now();
      owners.reading = false;
    });
}

/** The tenure that owns a shard, as of a moment ago; undefined where none is known. */
export function ownerOf(shard: string): string | undefined {
  refreshOwners();
  return owners.of.get(shard);
}

/**
 * Wakes the owners of these rows: one job for each owner, on the queue of its first row's shard, since an owner that
 * is awake looks at all its shards. Returns at once; what fails is left to the poll.
 */
export function wakeOwners(rows: readonly WorkRow[]): void {
  for (const batch of groupBy(rows, ({ shard }) => ownerOf(shard) ?? shard).values()) {
    addJob(batch, false);
  }
}

/** What the board shows of a row. */
type ShownRow = Pick<WorkRow, '_id' | 'shard' | 'kind' | 'requestId'>;

/** Rows that were handed over and are not shown yet, and when they will be. */
const unseen: { rows: ShownRow[]; timer?: NodeJS.Timeout | undefined } = { rows: [] };
const unseenMost = 1_000;

/**
 * Shows rows that were handed to their owners on the board, a moment later and together: nobody has to be woken for them,
 * and a job for each message would cost more than their work.
 */
export function showFresh(rows: readonly WorkRow[]): void {
  unseen.rows.push(...rows.map(({ _id, shard, kind, requestId }) => ({ _id, shard, kind, requestId })));
  unseen.timer ??= setTimeout(showUnseen, leases.pollMs);
  if (unseen.rows.length >= unseenMost) {
    showUnseen();
  }
}

function showUnseen(): void {
  clearTimeout(unseen.timer);
  const { rows } = unseen;
  unseen.rows = [];
  unseen.timer = undefined;
  groupBy(rows, ({ shard }) => ownerOf(shard) ?? shard).forEach((batch) => addJob(batch, true));
}

/** So many jobs that nobody took say all there is to say: more would fill Redis while a queue is paused. */
const mostWaiting = 1_000;
const lookEveryMs = 1_000;

/** How full each queue was at the last look; `readAt` is then, or when the look began that is under way. */
const fills = new Map<string, { readonly full: boolean; readonly readAt: number }>();

/** True where a moment ago as many jobs waited as are worth keeping. Whoever adds looks, once a second, and never waits. */
function isFull(queue: Queue): boolean {
  const { full, readAt } = fills.get(queue.name) ?? { full: false, readAt: 0 };
  if (Date.now() - readAt >= lookEveryMs) {
    fills.set(queue.name, { full, readAt: Date.now() });
    queue
      .getWaitingCount()
      .then((waiting) => fills.set(queue.name, { full: waiting >= mostWaiting, readAt: Date.now() }))
      .catch((error: unknown) => log.debug({ shard: queue.name, reason: String(error) }, 'The queue was not counted'));
  }
  return full;
}

function addJob(batch: readonly ShownRow[], handed: boolean): void {
  const shard = batch[0]?.shard ?? '';
  const queue = producerOf(shard);
  if (!queue || isFull(queue)) {
    return;
  }
  const kinds = [...new Set(batch.map((row) => row.kind))].join(' ');
  queue
    .add(`${kinds} × ${batch.length}`, {
      rows: batch.map((row) => row._id),
      requestIds: [...new Set(batch.map((row) => row.requestId))].slice(0, 10),
      ...(handed ? { handed } : {}),
    })
    .catch((error: unknown) => log.debug({ shard, reason: String(error) }, 'Could not wake the owner; it will poll'));
}

/** Closes the producers. */
export async function closeQueues(): Promise<void> {
  showUnseen();
  await Promise.all([...producers.values()].map(async (queue) => await queue.close().catch(() => undefined)));
  producers.clear();
  fills.clear();
  connection?.disconnect();
  connection = undefined;
}
