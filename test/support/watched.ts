// What a watched process tells its suite when asked: memory after a collection, loop lag and what it holds open. Imported
// by watched-api.ts and watched-worker.ts before the real mains.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** One look into a process. Bytes and milliseconds. */
export interface Look {
  readonly type: 'look';
  readonly rss: number;
  readonly heap: number;
  /** The 99th percentile since the last look. */
  readonly lagMs: number;
  /** Sockets, servers and other handles, without timers. */
  readonly handles: number;
  readonly timers: number;
  /** Listeners on the process itself. */
  readonly listeners: number;
}

/** Answers the suite's questions for as long as the process lives. */
export function beWatched(): void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const delays = monitorEventLoopDelay({ resolution: 10 });
  delays.enable();
  process.on('message', (message: { type?: unknown }) => {
    if (message.type !== 'look') {
      return;
    }
    const lagMs = delays.percentile(99) / 1e6;
    collect();
    const { rss, heapUsed } = process.memoryUsage();
    const open = process.getActiveResourcesInfo();
    const timers = open.filter((name) => name === 'Timeout' || name === 'Immediate').length;
    const listeners = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
    const look: Look = { type: 'look', rss, heap: heapUsed, lagMs, handles: open.length - timers, timers, listeners };
    process.send?.(look);
    // The collection just made is the question's, not the product's.
    delays.reset();
  });
}
