// `npm run worker`: owns shards and does their work. Several of it may run on one database; they share the shards.
import { parseArgs } from 'node:util';
import { config } from '#config/env.ts';
import { pools, type PoolName } from '#config/pools.ts';
import { buildRegistry } from '#src/app.ts';
import { named, parseOrExit } from '#src/platform/command-line.ts';
import { EmbeddedError } from '#src/platform/embedded/child.ts';
import { runOnEmbedded } from '#src/platform/embedded/command.ts';
import { scriptBeside } from '#src/platform/embedded/scripts.ts';
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

Without MONGO_URL it joins the npm start that runs on DATA_DIR, and stops with it. Elsewhere it needs MONGO_URL, REDIS_URL
and MASTER_KEY. The environment is described in README.md.
`;

const { values } = parseOrExit(() =>
  parseArgs({
    options: {
      pools: { type: 'string' },
      services: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  }),
);

/** Runs this command once more, on the servers of the start that runs on DATA_DIR. */
async function joinStart(): Promise<void> {
  const script = scriptBeside(import.meta.url, './main');
  const report = (line: string): void => void process.stdout.write(`${line}\n`);
  try {
    process.exitCode = await runOnEmbedded({ config, script, args: process.argv.slice(2), on: 'running', report });
  } catch (error) {
    if (!(error instanceof EmbeddedError)) {
      throw error;
    }
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 78;
  }
}

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
  await (config.mongoUrl === undefined
    ? joinStart()
    : runProcess('Workers', async () => await startWorkers(wanted, buildRegistry())));
}
