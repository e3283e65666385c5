// `npm run bench`: XP grants a second over HTTP, answered after the durable commit, beside two naive ways, interleaved.
// Load, servers and databases share this machine, so only the ratios mean something elsewhere.
import { parseArgs } from 'node:util';
import { mongo } from 'mongoose';
import { retention } from '#config/retention.ts';
import { withDatabase } from '#src/platform/embedded/mongod.ts';
import { startFleet, fleetAdmin, type Fleet, type FleetOptions } from '../../test/support/fleet.ts';
import { startTestServers, type TestServers } from '../../test/support/servers.ts';
import { median, say } from '../figures.ts';
import { send, slice, type Slice, type Target } from './load.ts';

const help = `Measures XP grants over HTTP beside a transaction per request and beside a job per request.

  npm run bench -- [--rounds=5] [--seconds=4] [--callers=64,256] [--skip-job] [--fleet-only]

  Prints medians over the rounds, the ratios paired within each round, and what was left undone.
`;

interface Variant {
  readonly name: string;
  readonly options: Omit<FleetOptions, 'servers'>;
  readonly people: number;
}

interface Running extends Variant {
  readonly fleet: Fleet;
  readonly target: Target;
  readonly pids: readonly number[];
  readonly database: string;
}

const variants: readonly Variant[] = [
  { name: 'product', options: { apis: 1, workers: 1 }, people: 1_000 },
  {
    name: 'transaction per request',
    options: { apis: 1, workers: 0, apiScript: 'bench/pipeline/transaction-api.ts' },
    people: 1_000,
  },
  {
    name: 'job per request',
    options: {
      apis: 1,
      workers: 1,
      apiScript: 'bench/pipeline/job-api.ts',
      workerScript: 'bench/pipeline/job-worker.ts',
    },
    people: 1_000,
  },
];

const fleetsOf = (people: number): readonly Variant[] => [
  { name: `1 API 1 worker, ${people} people`, options: { apis: 1, workers: 1 }, people },
  { name: `2 API 3 workers, ${people} people`, options: { apis: 2, workers: 3 }, people },
];

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    callers: { type: 'string', default: '64,256' },
    'skip-job': { type: 'boolean', default: false },
    'fleet-only': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

async function start(variant: Variant, index: number, servers: TestServers): Promise<Running> {
  const database = `bench-${index}`;
  const mongoUrl = withDatabase(servers.mongoUrl, database);
  const fleet = await startFleet({
    ...variant.options,
    servers: { mongoUrl, redisUrl: servers.redisUrl },
    keyPrefix: database,
  });
  const url = fleet.apis[0]?.url ?? '';
  const login = JSON.parse((await send(url, '/api/auth/login', undefined, fleetAdmin)).text) as { accessToken: string };
  const people = await makePeople(url, login.accessToken, variant.people);
  const pids = [...fleet.apis, ...fleet.workers].map(({ pid }) => pid).concat(servers.mongod.pid, servers.valkey.pid);
  return {
    ...variant,
    fleet,
    database,
    pids,
    target: { urls: fleet.apis.map((api) => api.url), token: login.accessToken, people },
  };
}

/** Registers people, 16 at a time. */
async function makePeople(url: string, token: string, count: number): Promise<string[]> {
  const people: string[] = [];
  const maker = async (first: number): Promise<void> => {
    for (let person = first; person < count; person += 16) {
      const account = { email: `person-${person}@example.test`, name: `Person ${person}` };
      people[person] = (JSON.parse((await send(url, '/api/users/create', token, account)).text) as { id: string }).id;
    }
  };
  await Promise.all(Array.from({ length: 16 }, async (_, first) => await maker(first)));
  return people;
}

async function measure(
  running: readonly Running[],
  callers: number,
  rounds: number,
  seconds: number,
): Promise<Map<string, Slice[]>> {
  const slices = new Map<string, Slice[]>(running.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const { name, target, pids } of running) {
      const seen = await slice(target, callers, seconds, pids);
      slices.get(name)?.push(seen);
      say(
        `  round ${round} · ${callers} callers · ${name}: ${seen.perSecond.toFixed(0)}/s${seen.failed > 0 ? `, ${seen.failed} failed` : ''}`,
      );
    }
  }
  return slices;
}

function report(title: string, slices: Map<string, Slice[]>, pairs: readonly (readonly [string, string])[]): void {
  say(`\n${title}`);
  say('                                     grants/s      p50 ms      p99 ms   CPU µs/request');
  for (const [name, all] of slices) {
    const row = [(s: Slice) => s.perSecond, (s: Slice) => s.p50, (s: Slice) => s.p99, (s: Slice) => s.cpuUs].map(
      (figure) => median(all.map(figure)),
    );
    say(
      `  ${name.padEnd(32)} ${row.map((figure, index) => figure.toFixed(index === 0 || index === 3 ? 0 : 1).padStart(11)).join(' ')}`,
    );
  }
  for (const [one, other] of pairs) {
    const ratios = (slices.get(one) ?? []).map(
      (seen, round) => seen.perSecond / (slices.get(other)?.[round]?.perSecond ?? Number.NaN),
    );
    const [low, high] = [Math.min(...ratios), Math.max(...ratios)];
    say(`  ${one} ÷ ${other}: ${median(ratios).toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`);
  }
}

/** Waits until nothing is undone, and says how late events were numbered. */
async function settle(servers: TestServers, { name, database }: Running): Promise<void> {
  const client = await mongo.MongoClient.connect(servers.mongoUrl);
  const db = client.db(database);
  const since = performance.now();
  for (;;) {
    const [undone, [outbox]] = await Promise.all([
      db.collection('work').countDocuments({ state: 'new' }),
      db
        .collection('feed_outbox')
        .aggregate<{ events: number }>([{ $group: { _id: null, events: { $sum: { $size: '$events' } } } }])
        .toArray(),
    ]);
    const unnumbered = outbox?.events ?? 0;
    if (undone + unnumbered === 0 || performance.now() - since > 30_000) {
      const [lag] = await db
        .collection('feed_events')
        .aggregate<{ lags: number[] }>([
          { $sample: { size: 20_000 } },
          {
            $project: {
              lag: { $subtract: [{ $subtract: ['$expireAt', retention.feedEventsMs] }, { $toDate: '$event.time' }] },
            },
          },
          { $group: { _id: null, lags: { $push: '$lag' } } },
        ])
        .toArray();
      const lags = (lag?.lags ?? []).toSorted((a, b) => a - b);
      const at = (share: number): number => lags[Math.floor(lags.length * share)] ?? 0;
      say(
        `  ${name}: ${undone} undone, ${unnumbered} unnumbered; events were numbered after p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`,
      );
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await client.close();
}

async function compare(
  servers: TestServers,
  chosen: readonly Variant[],
  offset: number,
  callers: readonly number[],
  pairs: readonly (readonly [string, string])[],
): Promise<void> {
  const running: Running[] = [];
  try {
    for (const [index, variant] of chosen.entries()) {
      running.push(await start(variant, offset + index, servers));
    }
    for (const { target, pids } of running) {
      await slice(target, 64, 3, pids);
    }
    for (const count of callers) {
      const slices = await measure(running, count, Number(values.rounds), Number(values.seconds));
      report(`${count} callers`, slices, pairs);
    }
    for (const each of running.filter(({ options }) => options.apiScript === undefined)) {
      await settle(servers, each);
    }
  } finally {
    await Promise.all(running.map(async ({ fleet }) => await fleet.stop()));
  }
}

if (values.help) {
  say(help);
} else {
  const servers = await startTestServers({ mongod: { cacheGb: 2 }, report: say });
  const callers = values.callers.split(',').map(Number);
  try {
    if (!values['fleet-only']) {
      const chosen = variants.filter(({ name }) => !(values['skip-job'] && name === 'job per request'));
      await compare(
        servers,
        chosen,
        0,
        callers,
        chosen.slice(1).map(({ name }) => ['product', name] as const),
      );
    }
    for (const people of [1_000, 20]) {
      const pair = fleetsOf(people);
      await compare(servers, pair, people, [64], [[pair[1]?.name ?? '', pair[0]?.name ?? '']]);
    }
  } finally {
    await servers.stop();
  }
}
