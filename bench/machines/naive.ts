// The naive way: a MongoDB transaction for each event, in two processes without authentication, timers or effects. Called
// by main.ts.
import { mongo } from 'mongoose';
import { childEnvironment } from '#config/env.ts';
import { withDatabase } from '#src/platform/embedded/mongod.ts';
import { freePort } from '#src/platform/embedded/child.ts';
import { end, launch, type Process } from '../../test/support/processes.ts';
import type { TestServers } from '../../test/support/servers.ts';
import { send } from '../pipeline/load.ts';
import { standingFirst, type Standing } from './chart.ts';
import { instances, nameOf, type Variant } from './variant.ts';

/** A turnstile of the naive way. */
export interface NaiveInstance extends Standing {
  readonly _id: string;
  readonly version: number;
}

/** One step of one. */
export interface NaiveStep {
  readonly _id: string;
  readonly instance: string;
  readonly version: number;
  readonly from: unknown;
  readonly to: unknown;
  readonly at: Date;
}

const database = 'machines-naive';

/** Makes the instances and starts two processes over them. */
export async function startNaive(servers: TestServers): Promise<Variant> {
  const mongoUrl = withDatabase(servers.mongoUrl, database);
  const client = await mongo.MongoClient.connect(mongoUrl);
  const machines = client.db().collection<NaiveInstance>('instances');
  const steps = client.db().collection<NaiveStep>('steps');
  await machines.insertMany(
    Array.from({ length: instances }, (_, index) => ({ _id: nameOf(index), version: 0, ...standingFirst })),
  );
  await steps.createIndex({ instance: 1, version: 1 }, { unique: true });
  const all: Process[] = [];
  const ports = [await freePort(), await freePort()];
  for (const port of ports) {
    const args = ['--import', 'tsx', 'bench/machines/naive-server.ts', mongoUrl, String(port)];
    await launch(`naive ${String(port)}`, args, childEnvironment({}), all);
  }
  return {
    name: 'a transaction per event',
    groups: { processes: all.map(({ pid }) => pid), mongod: [servers.mongod.pid] },
    send: async (instance, caller) => {
      const url = `http://127.0.0.1:${String(ports[caller % ports.length])}`;
      return (await send(url, `/${nameOf(instance)}`, undefined, { type: 'TURN' })).status === 200;
    },
    check: async (accepted) => {
      const rows = await machines.find().toArray();
      const versions = rows.reduce((sum, { version }) => sum + version, 0);
      return `${String(accepted)} events accepted, versions ${String(versions)}, steps ${String(await steps.countDocuments())}`;
    },
    stop: async () => {
      await Promise.all(all.map(async ({ child }) => await end(child)));
      await client.close();
    },
  };
}
