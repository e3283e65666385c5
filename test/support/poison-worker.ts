// A worker root with commands that no product has: they throw or kill their process while a flag document says so.
// Spawned by test/e2e/poison*.test.ts in place of workers/main.ts.
import { z } from 'zod';
import { pools, type PoolName } from '#config/pools.ts';
import { buildRegistry } from '#src/app.ts';
import { defineCommand, put, type Command, type CommandDefinition } from '#src/platform/commands/command.ts';
import { defineCollection } from '#src/platform/mongo/collection.ts';
import { runProcess } from '#src/platform/process.ts';
import { createRegistry } from '#src/platform/registry.ts';
import { startWorkers } from '#workers/run.ts';

interface Flag {
  readonly _id: string;
}

interface Trail {
  readonly _id: string;
  /** Notes of the commands of one key, in the order they were done. */
  readonly notes: readonly string[];
}

/** While `<mode>` is here, commands of that mode do harm. */
const Flags = defineCollection<Flag>('poison_flags', {});
const Trails = defineCollection<Trail>('poison_trails', { notes: [String] });

const input = z.strictObject({
  key: z.string(),
  note: z.string(),
  mode: z.enum(['throw', 'throw-in-load', 'kill', 'none']),
});
type Poison = z.output<typeof input>;

const poison = (kind: string, onFailure: 'skip' | 'block'): CommandDefinition<Poison> =>
  defineCommand<Poison>({
    kind,
    pool: 'gamification',
    input,
    onFailure,
    key: ({ key }) => key,
    load: async (commands, reader) => {
      const flags = await reader.read(Flags, ['throw', 'throw-in-load', 'kill']);
      await reader.read(
        Trails,
        commands.map(({ input: { key } }) => key),
      );
      if (commands.some((command) => command.input.mode === 'throw-in-load') && flags[1]) {
        throw new Error('poison in load');
      }
    },
    decide: (state, command: Command<Poison>) => {
      const { key, note, mode } = command.input;
      if (mode === 'throw' && state.get(Flags, 'throw')) {
        throw new Error(`poison ${note}`);
      }
      if (mode === 'kill' && state.get(Flags, 'kill')) {
        process.kill(process.pid, 'SIGKILL');
      }
      const notes = [...(state.get(Trails, key)?.notes ?? []), note];
      return { writes: [put(Trails, { _id: key, notes })], result: { notes } };
    },
  });

const service = {
  name: 'poison',
  commands: [poison('poison.skip', 'skip'), poison('poison.block', 'block')] as unknown as CommandDefinition[],
};

await runProcess('Poison workers', async () => {
  const product = buildRegistry();
  const registry = createRegistry([...product.services, service], [...product.machines.values()]);
  return await startWorkers(Object.keys(pools) as PoolName[], registry);
});
