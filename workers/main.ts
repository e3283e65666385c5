// `npm run worker`: owns shards and does their work. Several of it may run on one database; they share the shards.
import { parseArgs } from 'node:util';
import { pools, type PoolName } from '#config/pools.ts';
import { buildRegistry } from '#src/app.ts';
import { runProcess } from '#src/platform/process.ts';
import { startWorkers } from './run.ts';

const known = Object.keys(pools) as PoolName[];

const help = `Does SmartStart Brain's work: owns shards of the pools and drains them.

  npm run worker -- [--pools=${known.join(',')}]

  --pools   pools of this process (all)
  --help    this text

The environment is described in README.md. Needs MONGO_URL, REDIS_URL and MASTER_KEY.
`;

const { values } = parseArgs({ options: { pools: { type: 'string' }, help: { type: 'boolean', short: 'h' } } });

if (values.help) {
  process.stdout.write(help);
} else {
  const wanted = (values.pools?.split(',').map((pool) => pool.trim()) ?? known) as PoolName[];
  const unknown = wanted.find((pool) => !known.includes(pool));
  if (unknown !== undefined) {
    process.stderr.write(`--pools does not know ${unknown}: it takes ${known.join(', ')}\n`);
    process.exit(64);
  }
  await runProcess('Workers', async () => await startWorkers(wanted, buildRegistry()));
}
