// Behind `npm test` and `npm run test:full`: starts the real servers, runs mocha over unit and integration, then over
// e2e, and ends with one line of counts. `--help` tells how a part of it is run.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startTestServers, sweepTestServers } from './support/servers.ts';

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
  /** Each failed test: its whole title, then its error. */
  details: string[];
}

interface Plan {
  readonly title: string;
  readonly files: readonly string[];
  readonly options: readonly string[];
  readonly env: Record<string, string>;
}

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const mochaCli = join(dirname(createRequire(import.meta.url).resolve('mocha/package.json')), 'lib/cli/cli.js');
const reporter = join(root, 'test/support/reporter.ts');
const hooks = join(root, 'test/support/hooks.ts');
const help = `Runs the tests on real servers: test/unit, test/scxml and test/integration, then test/e2e.

  npm test -- [--unit|--full] [options of mocha] [files]

  --unit       test/unit and test/scxml alone, which need no servers
  --full       test/e2e/full too, the long ones (npm run test:full)
  --grep <w>   only tests whose titles match; this and every other option is mocha's
  --help, -h   this text

  npm test -- test/unit/x.test.ts test/e2e/y.test.ts    only these files, by their paths

SEED=<n> repeats the random choices of a run, SOAK_MINUTES=<n> makes the soak of test/e2e/full last as long.
`;

/** How long mocha may take to go after its last test: longer means a test left something open. */
const LINGER_MS = 20_000;

const nothingRan = (): Counts => ({ passed: 0, failed: 0, skipped: 0, details: [] });

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const interrupted = { by: undefined as NodeJS.Signals | undefined, child: undefined as ChildProcess | undefined };

async function testFiles(folder: string): Promise<string[]> {
  const entries = await readdir(join(root, folder), { recursive: true }).catch(() => []);
  return entries
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join(folder, name))
    .toSorted();
}

interface Wanted {
  /** The end-to-end suites under `full` too. */
  readonly full: boolean;
  /** Only test/unit and test/scxml, which need no server. */
  readonly unit: boolean;
  readonly files: readonly string[];
  readonly passedOn: readonly string[];
}

function parse(args: readonly string[]): Wanted {
  const rest = args.filter((argument) => argument !== '--full' && argument !== '--unit');
  const isFile = (argument: string): boolean => argument.endsWith('.ts') && existsSync(resolve(argument));
  return {
    full: args.includes('--full'),
    unit: args.includes('--unit'),
    files: rest.filter(isFile).map((file) => relative(root, resolve(file))),
    passedOn: rest.filter((argument) => !isFile(argument)),
  };
}

async function selection(wanted: Wanted): Promise<{ near: string[]; e2e: string[] }> {
  const isE2e = (file: string): boolean => file.startsWith(join('test', 'e2e'));
  if (wanted.files.length > 0) {
    return { near: wanted.files.filter((file) => !isE2e(file)), e2e: wanted.files.filter(isE2e) };
  }
  const unit = [...(await testFiles(join('test', 'unit'))), ...(await testFiles(join('test', 'scxml')))];
  if (wanted.unit) {
    return { near: unit, e2e: [] };
  }
  const e2e = await testFiles(join('test', 'e2e'));
  const slow = join('test', 'e2e', 'full');
  return {
    near: [...unit, ...(await testFiles(join('test', 'integration')))],
    e2e: e2e.filter((file) => wanted.full || !file.startsWith(slow)),
  };
}

/** Ends a mocha that does not go by itself although its last test is over; true when that was needed. */
async function ended(child: ChildProcess, countsFile: string): Promise<{ code: number | null; lingered: boolean }> {
  let doneAt: number | undefined;
  let lingered = false;
  const watch = setInterval(() => {
    doneAt ??= existsSync(countsFile) ? Date.now() : undefined;
    if (doneAt !== undefined && Date.now() - doneAt > LINGER_MS) {
      lingered = true;
      child.kill('SIGKILL');
    }
  }, 500);
  const code = await new Promise<number | null>((done) => child.once('close', done));
  clearInterval(watch);
  return { code, lingered };
}

async function runMocha(plan: Plan, passedOn: readonly string[]): Promise<Counts> {
  say(`\n${plan.title}: ${String(plan.files.length)} files`);
  for (const file of plan.files) {
    say(`  ${file}`);
  }
  const folder = await mkdtemp(join(tmpdir(), 'smartstart-brain-counts-'));
  const countsFile = join(folder, 'counts.json');
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', mochaCli, '--reporter', reporter, '--forbid-only', ...plan.options, ...passedOn, ...plan.files],
    {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...plan.env, TEST_COUNTS_FILE: countsFile },
    },
  );
  interrupted.child = child;
  const { code, lingered } = await ended(child, countsFile);
  const written = await readFile(countsFile, 'utf8').catch(() => undefined);
  await rm(folder, { recursive: true, force: true });
  const counts = (written === undefined ? nothingRan() : JSON.parse(written)) as Counts;
  if (lingered) {
    counts.details.push('mocha did not end after its last test: a test left something open');
  }
  // mocha that ends badly without a failed test (a file that does not load, an open handle) is a failure too.
  return code !== 0 && counts.failed === 0
    ? { ...counts, failed: 1, details: [...counts.details, `mocha ended with ${String(code)} although no test failed`] }
    : counts;
}

/**
 * Compiles the repository into dist/, so that the processes of e2e run what production runs, and start in a fraction of the
 * time. Types are checked by `npm run check`, not here. @throws Error where that fails
 */
async function compile(): Promise<void> {
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
  await rm(join(root, 'dist'), { recursive: true, force: true });
  const child = spawn(process.execPath, [tsc, '-p', 'tsconfig.json', '--outDir', 'dist', '--noCheck'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const code = await new Promise<number | null>((done) => child.once('close', done));
  if (code !== 0) {
    throw new Error(`Compiling ended with ${String(code)}`);
  }
}

async function runNear(plan: Plan, withServers: boolean, passedOn: readonly string[]): Promise<Counts> {
  if (!withServers) {
    return await runMocha(plan, passedOn);
  }
  const servers = await startTestServers({ report: say });
  try {
    const urls = { MONGO_URL: servers.mongoUrl, REDIS_URL: servers.redisUrl };
    return interrupted.by === undefined
      ? await runMocha({ ...plan, env: { ...plan.env, ...urls } }, passedOn)
      : { ...nothingRan(), failed: 1 };
  } finally {
    await servers.stop();
  }
}

/** Cleans up after an interrupted mocha, whose workers take a moment to notice that it is gone. */
async function sweepAfterInterrupt(): Promise<void> {
  for (let round = 0; round < 10 && (await sweepTestServers()) > 0; round += 1) {
    await wait(400);
  }
  await sweepTestServers();
}

async function main(): Promise<number> {
  if (process.argv.slice(2).some((argument) => argument === '--help' || argument === '-h')) {
    process.stdout.write(help);
    return 0;
  }
  const wanted = parse(process.argv.slice(2));
  const { near, e2e } = await selection(wanted);
  // Unit tests do no I/O: alone they start in a moment.
  const withServers = near.some((file) => !file.startsWith(join('test', 'unit')));
  await sweepTestServers();
  const env = {
    NODE_ENV: 'test',
    LOG_LEVEL: 'fatal',
    MASTER_KEY: randomBytes(32).toString('base64url'),
    // Everybody in the tests comes from one address: limits are counted, and reached only where a test lowers them.
    RATE_LIMITS: '1000',
    // Receivers of webhooks in the tests; every other private address stays closed.
    WEBHOOK_ALLOW_PRIVATE: '127.0.0.1',
  };
  const runs: Counts[] = [];
  if (near.length > 0) {
    const title = withServers ? 'Unit and integration' : 'Unit';
    const options = ['--require', hooks, '--parallel', '--jobs', '2', '--timeout', '20000'];
    runs.push(await runNear({ title, files: near, options, env }, withServers, wanted.passedOn));
  }
  if (e2e.length > 0 && interrupted.by === undefined) {
    await compile();
    const options = ['--timeout', '180000'];
    const compiled = { ...env, TEST_COMPILED: '1' };
    runs.push(await runMocha({ title: 'End to end', files: e2e, options, env: compiled }, wanted.passedOn));
  }
  await (interrupted.by === undefined ? sweepTestServers() : sweepAfterInterrupt());
  const sum = (key: 'passed' | 'failed' | 'skipped'): number => runs.reduce((total, counts) => total + counts[key], 0);
  runs.flatMap(({ details }) => details).forEach((detail) => say(`\nfailed: ${detail}`));
  if (sum('skipped') > 0) {
    say(`${String(sum('skipped'))} skipped`);
  }
  if (runs.length === 0) {
    say('No test file was found');
  }
  say(`${String(sum('passed'))} passed, ${String(sum('failed'))} failed`);
  return runs.length === 0 || sum('failed') > 0 ? 1 : 0;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    interrupted.by = signal;
    interrupted.child?.kill('SIGTERM');
  });
}
const code = await main();
process.exitCode = interrupted.by === undefined ? code : 130;
