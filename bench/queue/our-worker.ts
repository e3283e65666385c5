// The product's worker with one more command, which does nothing: says when the first row of a backlog is decided and
// when the last one is settled. Spawned by ours.ts.
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { pools, type PoolName } from '#config/pools.ts';
import { buildRegistry } from '#src/app.ts';
import { defineCommand, type CommandDefinition } from '#src/platform/commands/command.ts';
import { shardsOf, Work } from '#src/platform/commands/work.ts';
import { runProcess } from '#src/platform/process.ts';
import { createRegistry, type Service } from '#src/platform/registry.ts';
import { startWorkers } from '#workers/run.ts';
import { tellBegun, tellDrained } from './told.ts';

const backlog = Number(process.argv[2]);
let decided = 0;

/** Work of the kind that is drained here is all in one pool. */
async function watchTheEnd(): Promise<void> {
  const shard = { $in: shardsOf('gamification') };
  while (await Work.native().findOne({ shard, state: 'new' }, { projection: { _id: 1 } })) {
    await delay(2);
  }
  tellDrained();
}

function counted(definition: CommandDefinition): CommandDefinition {
  return {
    ...definition,
    decide: (...given) => {
      decided += 1;
      if (decided === 1) {
        tellBegun();
      }
      if (decided === backlog) {
        void watchTheEnd();
      }
      return definition.decide(...given);
    },
  };
}

const noop = defineCommand({
  kind: 'bench.noop',
  pool: 'gamification',
  input: z.strictObject({ n: z.int() }),
  key: ({ n }) => `bench.${n % 1_000}`,
  load: async () => await Promise.resolve(),
  decide: () => ({ result: null }),
}) as unknown as CommandDefinition;

await runProcess('Benchmark worker', async () => {
  const product = buildRegistry();
  const services: Service[] = [...product.services, { name: 'bench', commands: [noop] }].map((service) => ({
    ...service,
    commands: (service.commands ?? []).map((each) => (each.pool === 'gamification' ? counted(each) : each)),
  }));
  const registry = createRegistry(services, [...product.machines.values()]);
  return await startWorkers(Object.keys(pools) as PoolName[], registry);
});
