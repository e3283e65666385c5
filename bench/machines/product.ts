// The product: two API and two worker processes, with authentication, audit, timers and effects. Called by main.ts.
import { mongo } from 'mongoose';
import { verifyChain, type MachineInstance, type Transition } from '#src/platform/machines/store.ts';
import { withDatabase } from '#src/platform/embedded/mongod.ts';
import { call, login, startFleet } from '../../test/support/fleet.ts';
import type { TestServers } from '../../test/support/servers.ts';
import { send } from '../pipeline/load.ts';
import { turnstile } from './chart.ts';
import { instances, nameOf, type Variant } from './variant.ts';

const database = 'machines-product';
/** Instances whose whole chains are checked. */
const sample = 50;
/** Well within the life of a token. */
const freshMs = 5 * 60_000;

/** Starts the fleet, registers the machine and creates the instances. */
export async function startProduct(servers: TestServers): Promise<Variant> {
  const mongoUrl = withDatabase(servers.mongoUrl, database);
  const fleet = await startFleet({
    servers: { mongoUrl, redisUrl: servers.redisUrl },
    keyPrefix: database,
    apis: 2,
    workers: 2,
  });
  const urls = fleet.apis.map(({ url }) => url);
  let token = await login(urls[0] ?? '');
  let since = Date.now();
  const fresh = async (): Promise<void> => {
    since = Date.now();
    token = await login(urls[0] ?? '');
  };
  await prepare(urls[0] ?? '', token);
  return {
    name: 'product',
    groups: {
      api: fleet.apis.map(({ pid }) => pid),
      worker: fleet.workers.map(({ pid }) => pid),
      mongod: [servers.mongod.pid],
      valkey: [servers.valkey.pid],
    },
    send: async (instance, caller) => {
      if (Date.now() - since > freshMs) {
        await fresh();
      }
      const url = urls[caller % urls.length] ?? '';
      const path = `/api/state-machines/${turnstile.type}/${nameOf(instance)}/event`;
      return (await send(url, path, token, { type: 'TURN' })).status === 200;
    },
    check: async (accepted) => await check(mongoUrl, accepted),
    stop: async () => await fleet.stop(),
  };
}

/** Registers and activates the machine, and creates its instances, 16 at a time. */
async function prepare(url: string, token: string): Promise<void> {
  const made = await call(url, 'POST', '/api/state-machines/definitions', {
    token,
    body: { ...turnstile, activate: true },
  });
  if (made.status !== 201) {
    throw new Error(`The machine could not be registered: ${JSON.stringify(made.body)}`);
  }
  const maker = async (first: number): Promise<void> => {
    for (let instance = first; instance < instances; instance += 16) {
      const body = { type: turnstile.type, id: nameOf(instance) };
      const { status, text } = await send(url, '/api/state-machines/create', token, body);
      if (status !== 201) {
        throw new Error(`An instance could not be created: ${text}`);
      }
    }
  };
  await Promise.all(Array.from({ length: 16 }, async (_, first) => await maker(first)));
}

async function check(mongoUrl: string, accepted: number): Promise<string> {
  const client = await mongo.MongoClient.connect(mongoUrl);
  try {
    const db = client.db();
    const rows = await db.collection<MachineInstance>('machine_instances').find({ type: turnstile.type }).toArray();
    const steps = rows.reduce((sum, { seq }) => sum + seq, 0);
    const turns = rows.reduce((sum, { context }) => sum + (context as { turns: number }).turns, 0);
    const chosen = rows.filter((_, index) => index % Math.ceil(rows.length / sample) === 0).map(({ _id }) => _id);
    let whole = 0;
    for (const instance of chosen) {
      const log = await db.collection<Transition>('transitions').find({ instance }).sort({ seq: 1 }).toArray();
      whole += verifyChain(log) && log.length === (rows.find(({ _id }) => _id === instance)?.seq ?? 0) + 1 ? 1 : 0;
    }
    return `${String(accepted)} events accepted, steps ${String(steps)}, turns ${String(turns)}; ${String(whole)} of ${String(chosen.length)} chains intact`;
  } finally {
    await client.close();
  }
}
