// `npm run prove:guards`: takes the guards of guards.ts out, one after another, in a copy of the tree, and expects the test
// of each to fail. Names those nobody missed and exits with 1. `--quick`: those of every run alone; `-- words`: those whose
// sentence holds the words.
import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import type { Guard } from './guard.ts';
import { guards } from './guards.ts';
import { startTestServers, type TestServers } from './servers.ts';

const root = join(import.meta.dirname, '../..');
const mocha = join(dirname(createRequire(import.meta.url).resolve('mocha/package.json')), 'lib/cli/cli.js');
const left = new Set(['node_modules', '.git', '.data', 'dist']);
const longestMs = 240_000;

async function copyOfTree(): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'guards-'));
  await cp(root, copy, { recursive: true, filter: (path) => !left.has(relative(root, path)) });
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

/** Runs one test file in the copy: `green`, `red` where a test failed, or `broken` where none ran to its end. */
async function run(copy: string, test: string, servers: TestServers | undefined): Promise<'green' | 'red' | 'broken'> {
  const counts = join(copy, 'counts.json');
  await rm(counts, { force: true });
  await servers?.flushRedis();
  const urls = servers ? { MONGO_URL: servers.mongoUrl, REDIS_URL: servers.redisUrl } : {};
  const env = {
    NODE_ENV: 'test',
    LOG_LEVEL: 'fatal',
    MASTER_KEY: randomBytes(32).toString('base64url'),
    // As in test/run.ts: everybody in a test comes from one address.
    RATE_LIMITS: '1000',
  };
  const options = ['--reporter', 'test/support/reporter.ts', '--require', 'test/support/hooks.ts', '--bail', '--exit'];
  const child = spawn(process.execPath, ['--import', 'tsx', mocha, ...options, '--timeout', '20000', test], {
    cwd: copy,
    stdio: 'ignore',
    env: { ...process.env, ...env, ...urls, TEST_COUNTS_FILE: counts },
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), longestMs);
  await new Promise((done) => child.once('close', done));
  clearTimeout(timer);
  const written = await readFile(counts, 'utf8').catch(() => '{}');
  const { passed = 0, failed = 0 } = JSON.parse(written) as { passed?: number; failed?: number };
  return failed > 0 ? 'red' : passed > 0 ? 'green' : 'broken';
}

/** What is wrong with a guard, or null where its test missed it. */
async function prove(copy: string, guard: Guard, servers: TestServers | undefined): Promise<string | null> {
  const file = join(copy, guard.file);
  const source = await readFile(file, 'utf8');
  if (source.split(guard.text).length !== 2) {
    return `is not found once in ${guard.file}: say in test/support/guards.ts where it stands now`;
  }
  await writeFile(
    file,
    source.replace(guard.text, () => guard.without),
  );
  const outcome = await run(copy, guard.test, servers);
  await writeFile(file, source);
  return outcome === 'red' ? null : `was not missed: ${guard.test} is ${outcome} without it`;
}

async function main(): Promise<number> {
  const given = process.argv.slice(2);
  const words = given.filter((argument) => !argument.startsWith('--'));
  const wanted = guards.filter(
    ({ lets, quick }) => (quick || !given.includes('--quick')) && words.every((word) => lets.includes(word)),
  );
  const tests = [...new Set(wanted.map(({ test }) => test))];
  const servers = tests.some((test) => !test.startsWith('test/unit')) ? await startTestServers() : undefined;
  const copy = await copyOfTree();
  let wrong = 0;
  const say = (guard: string, sentence: string | null): void => {
    wrong += sentence === null ? 0 : 1;
    console.log(
      `${sentence === null ? 'held' : 'OPEN'}  ${guard}${sentence === null ? '' : `: the guard ${sentence}`}`,
    );
  };
  try {
    for (const test of tests) {
      // Once more before it is blamed: machines that do much else have bad moments.
      if ((await run(copy, test, servers)) !== 'green' && (await run(copy, test, servers)) !== 'green') {
        say(test, 'cannot be judged: the test fails with every guard in its place');
        continue;
      }
      for (const guard of wanted.filter((each) => each.test === test)) {
        say(`Without it one would let ${guard.lets}`, await prove(copy, guard, servers));
      }
    }
  } finally {
    await servers?.stop();
    await rm(copy, { recursive: true, force: true });
  }
  console.log(`${wanted.length} guards taken out, ${wrong} open`);
  return wrong === 0 && wanted.length > 0 ? 0 : 1;
}

process.exitCode = await main();
