// One drained backlog, seen from outside: how long the process took, and the CPU of it and of its servers meanwhile.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Drained } from './told.ts';

/** What one backlog came to, from the first row in a handler's hands to the last one settled. */
export interface Drain {
  readonly perSecond: number;
  /** Microseconds of CPU a row: the process' and its servers'. */
  readonly cpuUs: number;
  readonly workerCpuUs: number;
}

const limitMs = 180_000;

/** Waits for what the process tells. @throws Error when it ends before, or takes too long */
export async function awaitDrain(child: ChildProcess, rows: number, serverCpu: () => number): Promise<Drain> {
  let before = serverCpu();
  const signal = AbortSignal.timeout(limitMs);
  const gone = once(child, 'exit', { signal }).then(() =>
    Promise.reject(new Error('The process ended before its end')),
  );
  const told = async (): Promise<Drain> => {
    for (;;) {
      const [message] = (await once(child, 'message', { signal })) as [{ type: string }];
      if (message.type === 'begun') {
        before = serverCpu();
      } else if (message.type === 'drained') {
        const { ms, cpuUs } = message as Drained;
        const servers = (serverCpu() - before) * 1e6;
        return { perSecond: (rows * 1_000) / ms, cpuUs: (cpuUs + servers) / rows, workerCpuUs: cpuUs / rows };
      }
    }
  };
  try {
    return await Promise.race([told(), gone]);
  } finally {
    gone.catch(() => undefined);
  }
}
