// `npm run bench:queue`: how fast one worker process drains a backlog of accepted work, beside queues on PostgreSQL.
// Interleaved rounds on one machine: only the ratios mean something elsewhere.
import { parseArgs } from 'node:util';
import { startTestServers } from '../../test/support/servers.ts';
import { median, say } from '../figures.ts';
import type { Drain } from './drain.ts';
import { drainOurs, workerArguments } from './ours.ts';
import { drainPeer, installPeers, peers, titleOf } from './peers.ts';
import { startPostgres, type Postgres } from './postgres.ts';

const help = `Drains a backlog with one worker process, beside graphile-worker and pg-boss on PostgreSQL.

  npm run bench:queue -- [--rows=50000] [--rounds=5] [--only=<part of a name>] [--cpu-prof=<folder>]

  --rows       rows of each backlog
  --rounds     interleaved rounds; medians and the ratios paired within each are printed
  --only       only what has this in its name, such as product
  --cpu-prof   keep a CPU profile of each of our workers in this folder
  --help       this text

  Ours are rows of the product in MongoDB (w: majority, j: true), each settled in a transaction; theirs are jobs in
  PostgreSQL (synchronous_commit on), tuned as their documents advise. First jobs that do nothing; then grants of XP: the
  product's own, with levels, badges, event and reactions, beside a ledger entry, a total and an event in one statement
  for each of their jobs. The peers are installed once, by npm, into the
  user's cache; where PostgreSQL or a peer cannot be had, it is left out with a sentence.
`;

interface Variant {
  readonly name: string;
  drain(round: number): Promise<Drain>;
}

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '50000' },
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', default: '' },
    'cpu-prof': { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

/** What a row or job does: nothing, or a grant of XP to one of a thousand people. */
const works = { noop: 'jobs that do nothing', grant: 'jobs that grant XP' } as const;
type Work = keyof typeof works;

const ours = 'product';
const rows = Number(values.rows);

function report(work: Work, drains: ReadonlyMap<string, readonly Drain[]>): void {
  say(`\nA backlog of ${String(rows)} ${works[work]}, drained by one process`);
  say('                              rows/s   CPU µs/row   of it the worker');
  for (const [name, all] of drains) {
    const figures = [(d: Drain) => d.perSecond, (d: Drain) => d.cpuUs, (d: Drain) => d.workerCpuUs].map((of) =>
      median(all.map(of)),
    );
    say(`  ${name.padEnd(23)} ${figures.map((figure) => figure.toFixed(0).padStart(10)).join('   ')}`);
  }
  const product = drains.get(ours) ?? [];
  for (const [name, all] of [...drains].filter(([each]) => each !== ours)) {
    const ratios = all.map(({ perSecond }, round) => (product[round]?.perSecond ?? Number.NaN) / perSecond);
    const [low, high] = [Math.min(...ratios), Math.max(...ratios)];
    const cpu = all.map(({ cpuUs }, round) => (product[round]?.cpuUs ?? Number.NaN) / cpuUs);
    say(
      `  product ÷ ${name}: rows/s ${median(ratios).toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)}), CPU ${median(cpu).toFixed(2)}`,
    );
  }
}

async function peersOn(postgres: Postgres | string, work: Work): Promise<Variant[]> {
  if (typeof postgres === 'string') {
    return [];
  }
  try {
    const cache = await installPeers(say);
    return peers.map((peer) => ({
      name: titleOf(peer),
      drain: async (round) => await drainPeer(peer, work, rows, postgres, cache, round),
    }));
  } catch (error) {
    say(`The peers could not be installed, so they are left out: ${String(error)}`);
    return [];
  }
}

async function compare(work: Work, variants: readonly Variant[]): Promise<void> {
  const chosen = variants.filter(({ name }) => name.includes(values.only));
  const drains = new Map(chosen.map(({ name }): [string, Drain[]] => [name, []]));
  for (let round = 1; round <= Number(values.rounds); round += 1) {
    for (const variant of chosen) {
      const seen = await variant.drain(round);
      drains.get(variant.name)?.push(seen);
      say(
        `  round ${String(round)} · ${works[work]} · ${variant.name}: ${seen.perSecond.toFixed(0)}/s, ${seen.cpuUs.toFixed(0)} µs`,
      );
    }
  }
  report(work, drains);
}

async function main(): Promise<void> {
  if (values['cpu-prof'] !== undefined) {
    workerArguments.push('--cpu-prof', `--cpu-prof-dir=${values['cpu-prof']}`);
  }
  const servers = await startTestServers({ mongod: { cacheGb: 2 }, report: say });
  const postgres = await startPostgres();
  try {
    if (typeof postgres === 'string') {
      say(postgres);
    }
    for (const work of Object.keys(works) as Work[]) {
      await compare(work, [
        { name: ours, drain: async () => await drainOurs(work, rows, servers) },
        ...(await peersOn(postgres, work)),
      ]);
    }
  } finally {
    await servers.stop();
    await (typeof postgres === 'string' ? undefined : postgres.stop());
  }
}

if (values.help) {
  say(help);
} else {
  await main();
}
