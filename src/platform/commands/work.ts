// The rows of the line: `work` (one command each), `dead_letters` (work that gave up), and the leases of their owners.
import { z } from 'zod';
import type { PoolName } from '#config/pools.ts';
import { pools } from '#config/pools.ts';
import type { Problem } from '../errors.ts';
import { defineCollection } from '../mongo/collection.ts';
import { shardOf } from '../ids.ts';
import type { Tell } from './command.ts';

/** `new`: to be done · `done` · `refused`: a final no · `dead`: gave up. */
export const workState = z.enum(['new', 'done', 'refused', 'dead']);
export type WorkState = z.output<typeof workState>;

/** One command to be done or done. */
export interface WorkRow {
  readonly _id: string;
  /** `<pool>.<n>`, or `direct`. */
  readonly shard: string;
  readonly kind: string;
  readonly key: string;
  readonly input: unknown;
  readonly actor: string;
  readonly idempotencyKey?: string;
  readonly requestHash: string;
  readonly state: WorkState;
  readonly result?: unknown;
  readonly status?: number;
  readonly problem?: Problem;
  readonly replayed?: boolean;
  /** Times it failed, or died with its process. */
  readonly attempts: number;
  readonly error?: string;
  readonly notBefore: Date;
  /** The node whose caller waits for the answer. */
  readonly replyTo?: string;
  readonly requestId: string;
  readonly traceparent?: string;
  /** What reactors may still cause from it on; missing where none of them caused it. */
  readonly share?: number;
  /** What machines may still cause from it on; missing where none of them caused it. */
  readonly credit?: number;
  /** Who hears how it ended, and how often that was told already. */
  readonly tell?: Tell;
  readonly told?: number;
  readonly keepMs?: number;
  readonly acceptedAt: Date;
  readonly doneAt?: Date;
  readonly expireAt?: Date;
}

/** Accepted work. Undone rows carry no `expireAt`, so retention never takes them. */
export const Work = defineCollection<WorkRow>(
  'work',
  {
    shard: String,
    kind: String,
    key: String,
    input: Object,
    actor: String,
    idempotencyKey: String,
    requestHash: String,
    state: String,
    result: Object,
    status: Number,
    problem: Object,
    replayed: Boolean,
    attempts: Number,
    error: String,
    notBefore: Date,
    replyTo: String,
    requestId: String,
    traceparent: String,
    share: Number,
    credit: Number,
    tell: Object,
    told: Number,
    keepMs: Number,
    acceptedAt: Date,
    doneAt: Date,
    expireAt: Date,
  },
  [
    // In this order, so that rows for later are not even looked at before their time; read by ready-rows.ts.
    { key: { shard: 1, notBefore: 1, _id: 1 }, partialFilterExpression: { state: 'new' } },
    {
      key: { actor: 1, kind: 1, idempotencyKey: 1 },
      unique: true,
      partialFilterExpression: { idempotencyKey: { $exists: true } },
    },
    { key: { requestId: 1 } },
    { key: { expireAt: 1 }, expireAfterSeconds: 0, partialFilterExpression: { expireAt: { $exists: true } } },
  ],
  { retired: [{ shard: 1, _id: 1 }] },
);

/** `notBefore` of what may be done at once. Long past: two clocks need not agree on when now is. */
export const atOnce = new Date(0);

/** Work that gave up, until somebody redrives it. */
export interface DeadLetter {
  readonly _id: string;
  readonly kind: string;
  readonly shard: string;
  readonly key: string;
  readonly error: string;
  readonly attempts: number;
  readonly requestId: string;
  readonly acceptedAt: Date;
  readonly deadAt: Date;
  readonly redrives: number;
  readonly redrivenAt?: Date | null;
  readonly expireAt?: Date | null;
}

/** Dead letters; `_id` is the work row's. */
export const DeadLetters = defineCollection<DeadLetter>(
  'dead_letters',
  {
    kind: String,
    shard: String,
    key: String,
    error: String,
    attempts: Number,
    requestId: String,
    acceptedAt: Date,
    deadAt: Date,
    redrives: Number,
    redrivenAt: Date,
    expireAt: Date,
  },
  [{ key: { redrivenAt: 1, kind: 1, _id: 1 } }, { key: { expireAt: 1 }, expireAfterSeconds: 0 }],
);

/** Who may write one shard's keys. `epoch` counts its owners. */
export interface ShardRow {
  readonly _id: string;
  readonly pool: string;
  readonly owner: string | null;
  readonly epoch: number;
}

/** All shards of all pools, made by the migration step. */
export const Shards = defineCollection<ShardRow>('shards', { pool: String, owner: String, epoch: Number }, [
  { key: { pool: 1 } },
]);

/** One tenure of one process in one pool. The row's existence is the right to write: it is part of every commit. */
export interface OwnerRow {
  readonly _id: string;
  readonly pool: string;
  readonly node: string;
  /** The MongoDB session its transactions run in, for a successor to end. */
  readonly session: unknown;
  readonly leaseUntil: Date;
  /** Work taken and not known to be settled: what a successor counts an attempt for. */
  readonly taken: readonly string[];
  readonly commits: number;
}

/** Live owners. */
export const Owners = defineCollection<OwnerRow>(
  'owners',
  { pool: String, node: String, session: Object, leaseUntil: Date, taken: [String], commits: Number },
  [{ key: { pool: 1 } }],
);

/** Times it is told how a row ended, its next end included. */
export function timesTold({ told = 0 }: Pick<WorkRow, 'told'>): number {
  return told + 1;
}

/** The shard a key of a pool belongs to, such as `gamification.3`. */
export function shardFor(pool: PoolName, key: string): string {
  return `${pool}.${shardOf(key, pools[pool].shards)}`;
}

/** The names of all shards of a pool. */
export function shardsOf(pool: PoolName): string[] {
  return Array.from({ length: pools[pool].shards }, (_, index) => `${pool}.${index}`);
}
