// Following instances from an API process: whoever waits for one hears when it may have moved. A hint of its feed is quick,
// a look at all that are followed, each second, is the truth. Called by the waiting route of the state-machine service.
import { limits } from '#config/limits.ts';
import { unavailable } from '../errors.ts';
import { onPlaced, type HeardEvent } from '../events/feeds.ts';
import { logFor } from '../log.ts';
import { MachineInstances } from './store.ts';

const log = logFor('machine-watches');
const lookEveryMs = 1_000;
const feedPrefix = 'machine.';

/** One instance that is followed. Ask `moves` before reading it: then nothing falls between reading and waiting. */
export class MachineWatch {
  /** Grows whenever the instance may have moved. */
  moves = 0;
  /** True when nobody is to wait any longer: the process stops. */
  over = false;
  /** The revision that was read last. */
  rev = -1;
  readonly instance: string;
  #wake: () => void = () => undefined;

  constructor(instance: string) {
    this.instance = instance;
  }

  /** Resolves when the instance has moved since `moves` was this, after `ms`, when the process stops or the signal aborts. */
  async moved(since: number, ms: number, gone: AbortSignal): Promise<void> {
    if (this.moves !== since || this.over || gone.aborted) {
      return;
    }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        gone.removeEventListener('abort', this.#wake);
        resolve();
      };
      gone.addEventListener('abort', this.#wake, { once: true });
    });
    this.#wake();
    this.#wake = () => undefined;
  }

  /** It may have moved. */
  wake(): void {
    this.moves += 1;
    this.#wake();
  }

  /** Ends the wait for good. */
  stop(): void {
    this.over = true;
    this.#wake();
  }

  /** Nobody follows it any more. */
  close(): void {
    watches.get(this.instance)?.delete(this);
    if (watches.get(this.instance)?.size === 0) {
      watches.delete(this.instance);
    }
    open -= 1;
    if (open === 0) {
      clearInterval(looking);
      stopListening();
    }
  }
}

const watches = new Map<string, Set<MachineWatch>>();
let open = 0;
let looking: NodeJS.Timeout | undefined;
let stopListening: () => void = () => undefined;

/** Follows an instance until it is closed. @throws server.unavailable where as many are followed as a process bears */
export function watchMachine(instance: string): MachineWatch {
  if (open >= limits.machineWatches) {
    throw unavailable(undefined, 'Too many wait for machines here; try again');
  }
  const watch = new MachineWatch(instance);
  const others = watches.get(instance) ?? new Set();
  watches.set(instance, others.add(watch));
  open += 1;
  if (open === 1) {
    stopListening = onPlaced(hear);
    looking = setInterval(() => void look(), lookEveryMs);
  }
  return watch;
}

/** How many are followed now. */
export function machinesWatched(): number {
  return open;
}

/** Ends every wait. Called when a process stops. */
export function endWatches(): void {
  watches.forEach((set) => set.forEach((watch) => watch.stop()));
}

function hear(events: readonly HeardEvent[]): void {
  for (const { feed } of events) {
    if (feed.startsWith(feedPrefix)) {
      watches.get(feed.slice(feedPrefix.length))?.forEach((watch) => watch.wake());
    }
  }
}

async function look(): Promise<void> {
  try {
    const rows = await MachineInstances.native()
      .find({ _id: { $in: [...watches.keys()] } }, { maxTimeMS: limits.mongoMs })
      .project<{ _id: string; rev: number }>({ rev: 1 })
      .toArray();
    for (const { _id, rev } of rows) {
      watches.get(_id)?.forEach((watch) => watch.rev !== rev && watch.wake());
    }
  } catch (error) {
    log.debug({ reason: String(error) }, 'Machines could not be looked at; trying again');
  }
}
