// `npm run bench:machines`: durable machine events a second over HTTP, answered after the commit, beside a transaction per
// event and beside Restate, interleaved. Load, servers and databases share this machine: only the ratios mean something.
import { parseArgs } from 'node:util';
import { startTestServers } from '../../test/support/servers.ts';
import { median, say } from '../figures.ts';
import { cpuSeconds, drive, type Seen } from '../pipeline/load.ts';
import { startNaive } from './naive.ts';
import { startProduct } from './product.ts';
import { startRestate } from './restate.ts';
import { instances, type Variant } from './variant.ts';

const help = `Sends events to machines over HTTP, beside a MongoDB transaction for each event and beside Restate.

  npm run bench:machines -- [--rounds=5] [--seconds=4] [--callers=64,256] [--warm-up=15] [--only=<part of a name>]

  --rounds     interleaved rounds; medians and the ratios paired within each are printed
  --seconds    length of each slice
  --callers    how many callers, each the next request as soon as it has its answer
  --warm-up    seconds that each is called before anything is measured: what runs on Node compiles itself meanwhile
  --only       only what has this in its name, such as product
  --help       this text

  1,000 instances, then one alone. The product runs as two API and two worker processes with authentication, a hash-chained
  log, a timer and an emitted event in every second step; the others have none of these. Restate and the Node it needs are
  installed once, by npm, into the user's cache; where it cannot be had, it is left out with a sentence.
`;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    callers: { type: 'string', default: '64,256' },
    'warm-up': { type: 'string', default: '15' },
    only: { type: 'string', default: '' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

/** What one slice came to; `cpu`: microseconds an event, by group of processes. */
interface Slice extends Seen {
  readonly cpu: Readonly<Record<string, number>>;
}

/** A way to choose the instance of a turn. */
interface Spread {
  readonly title: string;
  readonly callers: number;
  readonly instanceOf: (turn: number) => number;
}

const accepted = new Map<Variant, number>();

async function slice(variant: Variant, { callers, instanceOf }: Spread, seconds: number): Promise<Slice> {
  const groups = Object.entries(variant.groups);
  const before = groups.map(([, pids]) => cpuSeconds(pids));
  const seen = await drive(callers, seconds, async (turn, caller) => await variant.send(instanceOf(turn), caller));
  accepted.set(variant, (accepted.get(variant) ?? 0) + seen.done);
  const used = groups.map(([name, pids], index): [string, number] => [
    name,
    ((cpuSeconds(pids) - (before[index] ?? 0)) * 1e6) / Math.max(seen.done, 1),
  ]);
  return { ...seen, cpu: Object.fromEntries(used) };
}

const total = ({ cpu }: Slice): number => Object.values(cpu).reduce((sum, each) => sum + each, 0);

function report(spread: Spread, slices: ReadonlyMap<Variant, readonly Slice[]>): void {
  say(`\n${spread.title}`);
  say('                           events/s      p50 ms      p99 ms   CPU µs/event');
  for (const [{ name, groups }, all] of slices) {
    const of = (figure: (one: Slice) => number, digits: number): string =>
      median(all.map(figure)).toFixed(digits).padStart(11);
    const parts = Object.keys(groups).map(
      (group) => `${group} ${median(all.map(({ cpu }) => cpu[group] ?? 0)).toFixed(0)}`,
    );
    say(
      `  ${name.padEnd(22)} ${of((one) => one.perSecond, 0)} ${of((one) => one.p50, 1)} ${of((one) => one.p99, 1)} ${of(total, 0)}  (${parts.join(', ')})`,
    );
  }
  const [[ours, product = []] = [undefined, []], ...others] = slices;
  for (const [{ name }, all] of others) {
    say(
      `  ${ours?.name ?? ''} ÷ ${name}: events/s ${paired(product, all, (one) => one.perSecond)}, p99 ${paired(product, all, (one) => one.p99)}, CPU ${paired(product, all, total)}`,
    );
  }
}

/** The middle ratio of two within a round, and the range of all. */
function paired(ones: readonly Slice[], others: readonly Slice[], figure: (one: Slice) => number): string {
  const ratios = ones.map((one, round) => {
    const other = others[round];
    return other ? figure(one) / figure(other) : Number.NaN;
  });
  return `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`;
}

async function measure(variants: readonly Variant[], spread: Spread): Promise<void> {
  const slices = new Map<Variant, Slice[]>(variants.map((variant) => [variant, []]));
  for (let round = 1; round <= Number(values.rounds); round += 1) {
    for (const variant of variants) {
      const seen = await slice(variant, spread, Number(values.seconds));
      slices.get(variant)?.push(seen);
      const failed = seen.failed > 0 ? `, ${String(seen.failed)} failed` : '';
      say(
        `  round ${String(round)} · ${spread.title} · ${variant.name}: ${seen.perSecond.toFixed(0)}/s, ${total(seen).toFixed(0)} µs${failed}`,
      );
    }
  }
  report(spread, slices);
}

function spreads(): Spread[] {
  const counts = values.callers.split(',').map(Number);
  const wide = counts.map((callers) => ({
    title: `${String(callers)} callers, ${String(instances)} instances`,
    callers,
    instanceOf: (turn: number) => (turn * 7_919) % instances,
  }));
  const [callers = 64] = counts;
  return [...wide, { title: `${String(callers)} callers, one instance`, callers, instanceOf: () => 0 }];
}

async function main(): Promise<void> {
  const servers = await startTestServers({ mongod: { cacheGb: 2 }, report: say });
  const variants: Variant[] = [];
  const wanted = (name: string): boolean => name.includes(values.only);
  try {
    variants.push(await startProduct(servers));
    if (wanted('a transaction per event')) {
      variants.push(await startNaive(servers));
    }
    const restate = wanted('Restate') ? await startRestate() : '';
    if (typeof restate !== 'string') {
      variants.push(restate);
    } else if (restate !== '') {
      say(restate);
    }
    const chosen = variants.filter(({ name }) => wanted(name));
    const all = spreads();
    for (const variant of chosen) {
      await slice(
        variant,
        { title: 'warm-up', callers: 64, instanceOf: (turn) => turn % instances },
        Number(values['warm-up']),
      );
    }
    for (const spread of all) {
      await measure(chosen, spread);
    }
    say('');
    for (const variant of chosen) {
      say(`  ${variant.name}: ${await variant.check(accepted.get(variant) ?? 0)}`);
    }
  } finally {
    await Promise.all(variants.map(async (variant) => await variant.stop()));
    await servers.stop();
  }
}

if (values.help) {
  say(help);
} else {
  await main();
}
