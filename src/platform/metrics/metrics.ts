// What a process measures of itself, for Prometheus: every metric with its name, help and labels, and the small functions
// that the platform calls. A leaf: it knows nothing of the rest. What only the database knows is in cluster.ts.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { groupBy } from '../group-by.ts';

/** The metrics of this process. */
export const processMetrics = new Registry();
const registers = [processMetrics];

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const requests = new Counter({
  name: 'brain_http_requests_total',
  help: 'Requests answered, by route pattern, method and class of status',
  labelNames: ['route', 'method', 'status'],
  registers,
});
const requestSeconds = new Histogram({
  name: 'brain_http_request_duration_seconds',
  help: 'Time from a request to its answer, waits for commits included',
  labelNames: ['route', 'method'],
  buckets: seconds,
  registers,
});
const passwordHashes = new Counter({
  name: 'brain_password_hashes_total',
  help: 'Argon2 runs of this process, for checking and for setting passwords: about 20 ms of a core each',
  registers,
});
const waitingCallers = new Gauge({
  name: 'brain_http_waiting_callers',
  help: 'Requests of this process that wait for a commit now',
  registers,
});
const accepted = new Counter({
  name: 'brain_work_accepted_total',
  help: 'Work rows this process made durable, by kind: of requests, reactions and timers',
  labelNames: ['kind'],
  registers,
});
const settled = new Counter({
  name: 'brain_work_settled_total',
  help: 'Work rows this process settled, by kind and state: done, refused or dead',
  labelNames: ['kind', 'state'],
  registers,
});
const failures = new Counter({
  name: 'brain_work_failures_total',
  help: 'Attempts that failed, by kind; the row is tried again or becomes a dead letter',
  labelNames: ['kind'],
  registers,
});
const batchRows = new Histogram({
  name: 'brain_batch_rows',
  help: 'Rows of one commit, by pool; of the feeds, events numbered together',
  labelNames: ['pool'],
  buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_000],
  registers,
});
const commitSeconds = new Histogram({
  name: 'brain_commit_duration_seconds',
  help: 'Time of one transaction from its start to its commit, by pool',
  labelNames: ['pool'],
  buckets: seconds,
  registers,
});
const feedLag = new Histogram({
  name: 'brain_feed_lag_seconds',
  help: 'From an event to its number in its feeds, for the oldest event of each batch',
  buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  registers,
});
const timerLateness = new Histogram({
  name: 'brain_timer_lateness_seconds',
  help: 'From when a timer was due to the row that lets it go off',
  buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
  registers,
});
const ownedShards = new Gauge({
  name: 'brain_owner_shards',
  help: 'Shards this process owns, by pool',
  labelNames: ['pool'],
  registers,
});
const takeovers = new Counter({
  name: 'brain_owner_takeovers_total',
  help: 'Dead owners this process buried, by pool',
  labelNames: ['pool'],
  registers,
});
const effectSeconds = new Histogram({
  name: 'brain_effect_duration_seconds',
  help: 'Time of one attempt of an effect, by kind and outcome: done, failed (time-outs too) or handed_over',
  labelNames: ['kind', 'outcome'],
  buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  registers,
});
const effectsInFlight = new Gauge({
  name: 'brain_effects_in_flight',
  help: 'Effects this process performs now, by kind',
  labelNames: ['kind'],
  registers,
});
const sockets = new Gauge({
  name: 'brain_sockets_connected',
  help: 'Sockets connected to this process',
  registers,
});

/** Begins to measure the process itself (CPU, memory, event loop). Called by the roots, once. */
export function measureProcess(): void {
  collectDefaultMetrics({ register: processMetrics, prefix: 'brain_' });
}

interface RequestMeters {
  readonly count: Counter.Internal;
  readonly time: Histogram.Internal<string>;
}

const meters = new Map<string, RequestMeters>();

/** A request was answered. `route` is a pattern, undefined where no route took it: paths would be without end. */
export function observeRequest(route: string | undefined, method: string, status: number, ms: number): void {
  const labels = route === undefined ? (['none', 'any'] as const) : ([route, method] as const);
  const statusClass = `${Math.floor(status / 100)}xx`;
  const key = `${labels.join(' ')} ${statusClass}`;
  let meter = meters.get(key);
  if (!meter) {
    meter = { count: requests.labels(...labels, statusClass), time: requestSeconds.labels(...labels) };
    meters.set(key, meter);
  }
  meter.count.inc();
  meter.time.observe(ms / 1_000);
}

interface OfKind {
  readonly kind: string;
}

/** Counts one run of argon2. */
export function countPasswordHash(): void {
  passwordHashes.inc();
}

/** Rows were made durable. */
export function countAccepted(rows: readonly OfKind[]): void {
  for (const [kind, group] of groupBy(rows, (row) => row.kind)) {
    accepted.inc({ kind }, group.length);
  }
}

/** Rows were settled, and it is committed. */
export function countSettled(settlements: readonly { readonly row: OfKind; readonly state: string }[]): void {
  for (const group of groupBy(settlements, ({ row, state }) => `${row.kind} ${state}`).values()) {
    const [{ row, state } = { row: { kind: '' }, state: '' }] = group;
    settled.inc({ kind: row.kind, state }, group.length);
  }
}

/** Attempts failed. */
export function countFailures(failed: readonly { readonly row: OfKind }[]): void {
  failed.forEach(({ row }) => failures.inc({ kind: row.kind }));
}

/** A batch of a pool was committed. */
export function observeBatch(pool: string, rows: number): void {
  batchRows.observe({ pool }, rows);
}

/** A transaction of a pool was committed, begun at `since` (performance.now()). */
export function observeCommit(pool: string, since: number): void {
  commitSeconds.observe({ pool }, (performance.now() - since) / 1_000);
}

/** Events were numbered; `ms` of the one that waited longest. */
export function observeFeedLag(ms: number): void {
  feedLag.observe(Math.max(ms, 0) / 1_000);
}

/** A timer became work, so many milliseconds after it was due. */
export function observeTimer(ms: number): void {
  timerLateness.observe(ms / 1_000);
}

/** An attempt of an effect ended, after so many milliseconds. */
export function observeEffect(kind: string, outcome: 'done' | 'failed' | 'handed_over', ms: number): void {
  effectSeconds.observe({ kind, outcome }, ms / 1_000);
}

/** How many effects of a kind this process performs from now on. */
export function setEffectsInFlight(kind: string, count: number): void {
  effectsInFlight.set({ kind }, count);
}

/** How many shards of a pool this process owns from now on. */
export function setOwnedShards(pool: string, count: number): void {
  ownedShards.set({ pool }, count);
}

/** A dead owner of a pool was buried by this process. */
export function countTakeover(pool: string): void {
  takeovers.inc({ pool });
}

/** Says how callers that wait are counted, when somebody asks. */
export function countWaitingWith(count: () => number): void {
  readAtScrape(waitingCallers, count);
}

/** Says how connected sockets are counted, when somebody asks. */
export function countSocketsWith(count: () => number): void {
  readAtScrape(sockets, count);
}

function readAtScrape(gauge: Gauge, count: () => number): void {
  // prom-client calls it before each answer.
  (gauge as unknown as { collect: () => void }).collect = () => gauge.set(count());
}
