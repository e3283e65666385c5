// A whole system on servers of its own, with people to grant XP to: what most files of test/e2e start in their `before`
// hook and end in their `after` hook.
import { mongo } from 'mongoose';
import { call, login, startFleet, type Fleet, type FleetOptions } from './fleet.ts';
import type { Running } from './processes.ts';
import { startTestServers, type TestServers } from './servers.ts';

/** A running system. */
export interface System {
  readonly servers: TestServers;
  readonly fleet: Fleet;
  /** The product's database, on a connection that fail points of the product leave alone. */
  readonly db: mongo.Db;
  /** The admin's access token and id. */
  readonly token: string;
  readonly adminId: string;
  /** Ids of registered people. */
  readonly people: readonly string[];
  /** Begins the names of Redis keys, channels and queues. */
  readonly keyPrefix: string;
  /** Addresses of the APIs. */
  urls(): string[];
  /** The address of one API. */
  url(index: number): string;
  /** The worker with this process id. @throws Error where no worker of now has it */
  worker(pid: number): Running & { readonly index: number };
  /** Ends everything. */
  stop(): Promise<void>;
}

/** Starts servers, 2 APIs and 3 workers (unless said otherwise) and registers people (24). */
export async function startSystem(
  options: Omit<Partial<FleetOptions>, 'servers'> & { readonly people?: number } = {},
): Promise<System> {
  const { people: wanted = 24, ...fleetOptions } = options;
  const servers = await startTestServers();
  const client = new mongo.MongoClient(servers.mongoUrl, { appName: 'suite', serverSelectionTimeoutMS: 20_000 });
  let fleet: Fleet | undefined;
  const stop = async (): Promise<void> => {
    await fleet?.stop();
    await client.close();
    await servers.stop();
  };
  try {
    const keyPrefix = `suite-${String(process.pid)}`;
    const started = (fleet = await startFleet({ servers, keyPrefix, ...fleetOptions }));
    const url = (index: number): string => {
      const api = started.apis[index];
      if (!api) {
        throw new Error(`There is no API ${index}`);
      }
      return api.url;
    };
    const token = await login(url(0));
    const me = (await call(url(0), 'GET', '/api/auth/me', { token })).body as { id: string };
    const people = await registerPeople(url(0), token, wanted);
    return {
      servers,
      fleet: started,
      db: client.db(),
      token,
      adminId: me.id,
      people,
      keyPrefix,
      urls: () => started.apis.map((api) => api.url),
      url,
      worker: (pid) => {
        const index = started.workers.findIndex((worker) => worker.pid === pid);
        const worker = started.workers[index];
        if (!worker) {
          throw new Error(`No worker has the process id ${pid}`);
        }
        return { ...worker, index };
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

let registered = 0;

/** Makes accounts without passwords and gives their ids. */
export async function registerPeople(url: string, token: string, count: number): Promise<string[]> {
  return await Promise.all(
    Array.from({ length: count }, async () => {
      registered += 1;
      const body = { email: `person.${registered}@example.test`, name: `Person ${registered}` };
      const created = await call(url, 'POST', '/api/users/create', { token, body });
      if (created.status !== 201) {
        throw new Error(`A person could not be registered: ${created.status} ${JSON.stringify(created.body)}`);
      }
      return (created.body as { id: string }).id;
    }),
  );
}

/** For `afterEach`: the processes' last lines on stderr when the test failed. */
export function showLogs(context: Mocha.Context, system: System | undefined): void {
  if (context.currentTest?.state === 'failed' && system) {
    process.stderr.write(`${system.fleet.logs()}\n`);
  }
}

/** Number of documents of every collection but those that only say who is at work. */
export async function countAll(db: mongo.Db): Promise<Record<string, number>> {
  const names = (await db.listCollections().toArray()).map(({ name }) => name).toSorted();
  const counts: Record<string, number> = {};
  for (const name of names.filter((each) => each !== 'owners' && each !== 'shards' && each !== 'sessions')) {
    counts[name] = await db.collection(name).countDocuments();
  }
  return counts;
}
