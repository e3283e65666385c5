// The table of worker pools: who may own shards of what, and how commands of a pool are retried.
// Read by the committer, the queues, the worker roots, health and the board.

/** Settings of one pool of shards. */
export interface PoolSettings {
  /** What its work is about, in a few words for the board. */
  readonly what: string;
  /** Number of shards its keys hash to. Changing it needs every worker stopped and no work undone. */
  readonly shards: number;
  /** The most rows one commit takes. */
  readonly maxBatch: number;
  /** The most it may take while there is a backlog and batches stay quick. At least `maxBatch`. */
  readonly deepBatch: number;
  /** Times a row is tried before it becomes a dead letter. */
  readonly maxAttempts: number;
}

const pool = (settings: Pick<PoolSettings, 'what'> & Partial<PoolSettings>): PoolSettings =>
  Object.freeze({ shards: 8, maxBatch: 256, deepBatch: 1_024, maxAttempts: 3, ...settings });

/** Every pool by name. A new pool is one line here and `workers/<pool>.worker.ts`. */
export const pools = {
  gamification: pool({ what: 'XP, levels, badges and boards' }),
  machines: pool({ what: 'State machines: their events and timers' }),
  operations: pool({ what: 'Schedules and imports' }),
  effects: pool({ what: 'Effects outside: mails' }),
  webhooks: pool({ what: 'Webhooks: calls of other systems', shards: 4 }),
  feeds: pool({ what: 'Numbering the events of feeds', maxBatch: 1_000, deepBatch: 1_000 }),
} as const satisfies Record<string, PoolSettings>;

/** The name of a pool. */
export type PoolName = keyof typeof pools;

/** Pools whose work goes outside: `defineEffect`. All others take commands. */
export const effectPools = ['effects', 'webhooks'] as const satisfies readonly PoolName[];

/** The name of a pool whose work goes outside. */
export type EffectPool = (typeof effectPools)[number];

/** How effects are performed by one process, whatever their kind. */
export const performing = Object.freeze({
  /** The most at once. */
  atOnce: 32,
  /** The most of one kind at once where it does not say: a slow server must leave room for the others. */
  atOnceOfKind: 8,
  /** How long one may go on when its shard is wanted elsewhere or the process stops, in milliseconds; then it is aborted. */
  handOverMs: 2_500,
  /** Attempts and waits where a kind does not say: up to an hour in all. */
  retry: { attempts: 12, baseMs: 1_000, maxMs: 600_000, jitter: 1 },
});

/** Times that hold for every shard owner, in milliseconds. */
export const leases = Object.freeze({
  /** How long an owner that is not heard of keeps its shards. */
  leaseMs: 4_000,
  /** How often an owner renews its lease and looks for shards without one. */
  renewMs: 1_000,
  /** How often a process looks for what nobody woke an owner for: the poll is the truth, jobs are only quicker. */
  pollMs: 250,
  /** How long a batch of a backlog may take: well within the lease, so that nobody takes its owner for dead. */
  deepBatchMs: 250,
  /** How long the decisions of a batch may take: what is left is the next batch's. */
  decideMs: 1_000,
  /** First wait before a failed row is tried again; doubled each time. */
  retryMs: 200,
});
