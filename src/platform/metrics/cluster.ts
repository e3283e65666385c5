// What only the database knows: how long work waits, who owns what, what gave up. The same from every API process, so ask
// for the `max` over them. Read at a scrape, at most once a second.
import { Gauge, Registry } from 'prom-client';
import { pools, type PoolName } from '#config/pools.ts';
import { deadLettersByKind, poolStates, undoneRows } from '../commands/pool-states.ts';
import { logFor } from '../log.ts';
import { within } from '../mongo/deadline.ts';

const log = logFor('metrics');
const cachedMs = 1_000;
/** A scrape waits this long for MongoDB and then goes without these figures. */
const patienceMs = 2_000;

interface Snapshot {
  readonly states: Awaited<ReturnType<typeof poolStates>>;
  readonly undone: Readonly<Record<PoolName, number>>;
  readonly dead: ReadonlyMap<string, number>;
}

async function look(): Promise<Snapshot | null> {
  try {
    const all = Promise.all([poolStates(), undoneRows(), deadLettersByKind()]);
    const [states, undone, dead] = await within(all, patienceMs);
    return { states, undone, dead };
  } catch (error) {
    log.debug({ reason: String(error) }, 'MongoDB did not say how the pools are');
    return null;
  }
}

/** `look`, shared by everybody who asks within a second. */
function cachedLook(): () => Promise<Snapshot | null> {
  let asked: Promise<Snapshot | null> | undefined;
  let until = 0;
  return async () => {
    if (asked === undefined || performance.now() > until) {
      until = Number.POSITIVE_INFINITY;
      asked = look().finally(() => {
        until = performance.now() + cachedMs;
      });
    }
    return await asked;
  };
}

/**
 * Metrics of the whole system. `kinds`: those that can become dead letters; each has a figure from the start. While
 * MongoDB is away only `brain_mongodb_up` has one.
 */
export function clusterMetrics(kinds: readonly string[]): Registry {
  const registry = new Registry();
  const snapshot = cachedLook();
  const poolNames = Object.keys(pools) as PoolName[];
  const gauge = (name: string, help: string, label: string, read: (now: Snapshot) => Iterable<[string, number]>) =>
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers: [registry],
      async collect() {
        const now = await snapshot();
        this.reset();
        for (const [value, count] of now ? read(now) : []) {
          this.set({ [label]: value }, count);
        }
      },
    });
  const byPool = (name: string, help: string, read: (now: Snapshot, pool: PoolName) => number) =>
    gauge(name, help, 'pool', (now) => poolNames.map((pool) => [pool, read(now, pool)]));
  byPool(
    'brain_pool_oldest_undone_seconds',
    'How long the row that waits longest could have been done and was not, by pool: what to scale workers on',
    ({ states }, pool) => states[pool].oldestWaitMs / 1_000,
  );
  byPool(
    'brain_pool_undone_rows',
    'Rows not done yet, by pool; counted up to 10000',
    ({ undone }, pool) => undone[pool],
  );
  byPool('brain_pool_owners', 'Processes with a living lease, by pool', ({ states }, pool) => states[pool].owners);
  gauge(
    'brain_dead_letters_waiting',
    'Dead letters nobody has redriven, by kind; counted up to 10000',
    'kind',
    (now) => [...new Map([...kinds.map((kind): [string, number] => [kind, 0]), ...now.dead])],
  );
  const up = new Gauge({
    name: 'brain_mongodb_up',
    help: '1 where MongoDB answered this process within two seconds',
    registers: [registry],
    async collect() {
      up.set((await snapshot()) ? 1 : 0);
    },
  });
  return registry;
}
