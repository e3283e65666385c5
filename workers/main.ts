// `npm run worker`: owns shards and does their work. Several of it may run on one database; they share the shards.
import { parseArgs } from 'node:util';
import { pools, type PoolName } from '#config/pools.ts';
import { buildRegistry } from '#src/app.ts';
import { named } from '#src/platform/command-line.ts';
import { runProcess } from '#src/platform/process.ts';
import { services } from '#src/services/index.ts';
import { poolsFor } from './pools.ts';
import { startWorkers } from './run.ts';

const known = Object.keys(pools) as PoolName[];
const serviceNames = services.map(({ name }) => name);

const help = `Does SmartStart Brain's work: owns shards of the pools and drains them.

  npm run worker -- [--pools=${known.join(',')}] [--services=<name>,…]

  --pools      pools of this process (all)
  --services   only the pools of these services: ${serviceNames.join(', ')}
  --help       this text

The environment is described in README.md. Needs MONGO_URL, REDIS_URL and MASTER_KEY.
`;

const { values } = parseArgs({
  options: {
    pools: { type: 'string' },
    services: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
});

if (values.help) {
  process.stdout.write(help);
} else {
  const wanted = poolsFor(services, {
    pools: named('pools', values.pools, known),
    services: named('services', values.services, serviceNames),
  });
  if (typeof wanted === 'string') {
    process.stderr.write(`${wanted}\n`);
    process.exit(64);
  }
  await runProcess('Workers', async () => await startWorkers(wanted, buildRegistry()));
}
