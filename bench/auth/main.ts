// `npm run bench:auth`: authorized requests a second beside bare Koa with koa-jwt and a KeyObject, and logins a second
// beside bare argon2, interleaved. Load and servers share this machine, so only the ratios mean something elsewhere.
import { Agent, request } from 'node:http';
import { parseArgs } from 'node:util';
import { withDatabase } from '#src/platform/embedded/mongod.ts';
import { fleetAdmin, startFleet, type Fleet } from '../../test/support/fleet.ts';
import { startTestServers } from '../../test/support/servers.ts';
import { median, say } from '../figures.ts';

const help = `Measures authorized requests and logins beside the bare libraries they stand on.

  npm run bench:auth -- [--rounds=5] [--seconds=4] [--callers=64] [--login-callers=8]

  requests: a route that answers who asks, with its session, roles and log, beside koa-jwt alone and a constant answer;
            then GET /api/auth/me, which reads the account from MongoDB besides
  logins:   POST /api/auth/login, with session, security event and tokens written, beside argon2id alone
  Prints medians over the rounds and the ratios paired within each round.
`;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    callers: { type: 'string', default: '64' },
    'login-callers': { type: 'string', default: '8' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

interface Slice {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly failed: number;
  /** What the last of them was answered with. */
  readonly refusal: string;
}

interface Variant {
  readonly name: string;
  readonly fleet: Fleet;
  readonly url: string;
  readonly tokens: readonly string[];
}

/** One request of a caller; resolves with its status and body. */
type Act = (variant: Variant, caller: number) => Promise<{ readonly status: number; readonly text: string }>;

const agent = new Agent({ keepAlive: true, maxSockets: 1_024 });

async function send(
  url: string,
  method: 'GET' | 'POST',
  options: { readonly token?: string | undefined; readonly body?: unknown },
): Promise<{ status: number; text: string }> {
  const payload = options.body === undefined ? undefined : JSON.stringify(options.body);
  return await new Promise((resolve, reject) => {
    const headers = {
      ...(payload === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
    };
    const call = request(url, { agent, method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    call.on('error', reject);
    call.end(payload);
  });
}

const get =
  (path: string): Act =>
  async ({ url, tokens }, caller) =>
    await send(`${url}${path}`, 'GET', { token: tokens[caller % tokens.length] });
const emailOf = (person: number): string => `person-${person}@example.test`;

// Each caller logs in to an account of its own: many tries at one account from one address are held up.
const login: Act = async ({ url }, caller) =>
  await send(`${url}/api/auth/login`, 'POST', { body: { email: emailOf(caller), password: fleetAdmin.password } });

/** Lets `callers` act for `seconds`, each again as soon as it has its answer. */
async function slice(variant: Variant, act: Act, callers: number, seconds: number): Promise<Slice> {
  const latencies: number[] = [];
  let failed = 0;
  let refusal = '';
  const start = performance.now();
  const end = start + seconds * 1_000;
  const caller = async (index: number): Promise<void> => {
    while (performance.now() < end) {
      const began = performance.now();
      const { status, text } = await act(variant, index);
      if (status === 200) {
        latencies.push(performance.now() - began);
      } else {
        failed += 1;
        refusal = text;
      }
    }
  };
  await Promise.all(Array.from({ length: callers }, async (_, index) => await caller(index)));
  const elapsed = (performance.now() - start) / 1_000;
  const sorted = latencies.toSorted((left, right) => left - right);
  const at = (share: number): number => sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? 0;
  return { perSecond: latencies.length / elapsed, p50: at(0.5), p99: at(0.99), failed, refusal };
}

/** People with a session each: one session for each caller, as there would be. */
async function tokensOf(url: string, count: number): Promise<string[]> {
  const tokens: string[] = [];
  for (let person = 0; person < count; person += 1) {
    const body = { email: emailOf(person), name: `Person ${person}`, password: fleetAdmin.password };
    const { text } = await send(`${url}/api/auth/register`, 'POST', { body });
    tokens.push((JSON.parse(text) as { accessToken: string }).accessToken);
  }
  return tokens;
}

async function compare(title: string, variants: readonly Variant[], act: Act, callers: number): Promise<void> {
  const seconds = Number(values.seconds);
  const slices = new Map<string, Slice[]>(variants.map(({ name }) => [name, []]));
  for (const variant of variants) {
    await slice(variant, act, callers, 2);
  }
  for (let round = 1; round <= Number(values.rounds); round += 1) {
    // The order turns with every round, so that nobody always comes after the other.
    for (const variant of round % 2 === 0 ? variants.toReversed() : variants) {
      const seen = await slice(variant, act, callers, seconds);
      slices.get(variant.name)?.push(seen);
      const failed = seen.failed > 0 ? `, ${seen.failed} failed: ${seen.refusal}` : '';
      say(`  round ${round} · ${title} · ${variant.name}: ${seen.perSecond.toFixed(0)}/s${failed}`);
    }
  }
  say(`\n${title}, ${callers} callers\n                                    a second      p50 ms      p99 ms`);
  for (const [name, all] of slices) {
    const row = [(s: Slice) => s.perSecond, (s: Slice) => s.p50, (s: Slice) => s.p99].map((figure) =>
      median(all.map(figure)),
    );
    say(
      `  ${name.padEnd(30)} ${row.map((figure, index) => figure.toFixed(index === 0 ? 0 : 1).padStart(11)).join(' ')}`,
    );
  }
  const [ours, bare] = variants.map(({ name }) => slices.get(name) ?? []);
  const ratios = (ours ?? []).map(({ perSecond }, round) => perSecond / (bare?.[round]?.perSecond ?? Number.NaN));
  say(
    `  product ÷ bare: ${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})\n`,
  );
}

async function run(): Promise<void> {
  const servers = await startTestServers({ mongod: { cacheGb: 1 }, report: say });
  const fleets: Fleet[] = [];
  const start = async (name: string, database: string, apiScript: string): Promise<Variant> => {
    const mongoUrl = withDatabase(servers.mongoUrl, database);
    const fleet = await startFleet({
      servers: { mongoUrl, redisUrl: servers.redisUrl },
      keyPrefix: database,
      apis: 1,
      workers: 0,
      apiScript,
    });
    fleets.push(fleet);
    const url = fleet.apis[0]?.url ?? '';
    return { name, fleet, url, tokens: await tokensOf(url, Number(values.callers)) };
  };
  try {
    const variants = [
      await start('product', 'bench-auth', 'bench/auth/product.ts'),
      await start('bare libraries', 'bench-bare', 'bench/auth/bare.ts'),
    ];
    await compare('authorized requests', variants, get('/api/asked'), Number(values.callers));
    await compare('GET /api/auth/me', variants, get('/api/auth/me'), Number(values.callers));
    await compare('logins', variants, login, Number(values['login-callers']));
  } finally {
    await Promise.all(fleets.map(async (fleet) => await fleet.stop()));
    await servers.stop();
  }
}

if (values.help) {
  say(help);
} else {
  await run();
}
