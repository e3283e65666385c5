// ELK in a thread of its own: a layout is up to a second of nothing but computing, and the process has others to answer.
// Called by layout.ts only.
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import type { ElkNode } from 'elkjs';

/** Bounds of the work: `answerMs` is for one layout, the start of the thread included. */
export const layoutLimits = { answerMs: 15_000, waiting: 32, idleMs: 60_000, memoryMb: 512 } as const;

/** A picture that could not be made. `too-long`: asking again is of no use soon · `busy`, `failed`: it may be. */
export class PictureFault extends Error {
  override readonly name = 'PictureFault';
  readonly reason: 'too-long' | 'busy' | 'failed';

  constructor(reason: PictureFault['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}

type Answer = { readonly placed: ElkNode } | { readonly failed: string };

// Text and no file: the same for the sources and for what is compiled from them, and no loader starts with it.
const program = `
  const { parentPort, workerData } = require('node:worker_threads');
  const Elk = require(workerData);
  const elk = new Elk();
  parentPort.on('message', (graph) => {
    elk.layout(graph).then(
      (placed) => parentPort.postMessage({ placed }),
      (error) => parentPort.postMessage({ failed: String(error) }),
    );
  });
`;

let thread: Worker | undefined;
let idle: NodeJS.Timeout | undefined;
let waiting = 0;
let last: Promise<unknown> = Promise.resolve();

/** The graph with places. One at a time; rejects with PictureFault within `answerMs` of its turn. */
export async function arrange(graph: ElkNode): Promise<ElkNode> {
  if (waiting >= layoutLimits.waiting) {
    throw new PictureFault('busy', 'Too many pictures are being drawn');
  }
  waiting += 1;
  const mine = last.then(async () => await ask(graph));
  last = mine.catch(() => undefined);
  try {
    return await mine;
  } finally {
    waiting -= 1;
  }
}

async function ask(graph: ElkNode): Promise<ElkNode> {
  clearTimeout(idle);
  const worker = (thread ??= begin());
  worker.ref();
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), layoutLimits.answerMs);
  try {
    worker.postMessage(graph);
    const [answer] = (await once(worker, 'message', { signal: late.signal })) as [Answer];
    if ('failed' in answer) {
      throw new PictureFault('failed', `The layout failed: ${answer.failed}`);
    }
    rest(worker);
    return answer.placed;
  } catch (error) {
    drop(worker);
    const outgrown = error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
    if (late.signal.aborted || outgrown) {
      throw new PictureFault(
        'too-long',
        'The layout takes too much time or memory: the chart has too many states or transitions',
      );
    }
    throw error instanceof PictureFault ? error : new PictureFault('failed', `The layout failed: ${String(error)}`);
  } finally {
    clearTimeout(timer);
  }
}

function begin(): Worker {
  const worker = new Worker(program, {
    eval: true,
    name: 'pictures',
    workerData: createRequire(import.meta.url).resolve('elkjs'),
    // It needs nothing of the process, and least of all its secrets.
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: layoutLimits.memoryMb },
  });
  // Whoever waits hears of it by `once`; between two layouts nobody does.
  worker.on('error', () => drop(worker));
  worker.on('exit', () => drop(worker));
  return worker;
}

/** An idle thread keeps no process alive, and 100 MB of memory only for a while. */
function rest(worker: Worker): void {
  worker.unref();
  idle = setTimeout(() => drop(worker), layoutLimits.idleMs).unref();
}

function drop(worker: Worker): void {
  if (thread === worker) {
    thread = undefined;
  }
  void worker.terminate();
}
