// What a process that drains a backlog tells the benchmark, and when. Read by Node 22 without a loader too, so it
// imports nothing of the product.

/** Told with the last row: milliseconds since the first one, and microseconds of CPU of this process meanwhile. */
export interface Drained {
  readonly type: 'drained';
  readonly ms: number;
  readonly cpuUs: number;
}

let begunAt = 0;
let cpuAtFirst = process.cpuUsage();

/** The first row is in a handler's hands. */
export function tellBegun(): void {
  process.send?.({ type: 'begun' });
  cpuAtFirst = process.cpuUsage();
  begunAt = performance.now();
}

/** The last row is settled: durably, not only handled. */
export function tellDrained(): void {
  const ms = performance.now() - begunAt;
  const { user, system } = process.cpuUsage(cpuAtFirst);
  const drained: Drained = { type: 'drained', ms, cpuUs: user + system };
  process.send?.(drained);
}
