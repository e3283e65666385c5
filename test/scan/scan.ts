// Two foreign judges over the running product: Schemathesis with a user's and with an admin's session, Spectral with the
// OWASP rules over the document. Called by main.ts, scan-short.test.ts and scan.test.ts of test/e2e/full.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { childEnvironment } from '#config/env.ts';
import { call, fleetAdmin, startFleet } from '../support/fleet.ts';
import { startTestServers } from '../support/servers.ts';
import type { Finding } from './baseline.ts';
import type { Tools } from './tools.ts';

/** How hard Schemathesis tries. */
export interface ScanOptions {
  /** Cases for each operation, in each phase that generates them. */
  readonly maxExamples: number;
  readonly seed: number;
  /** The share of every run: Spectral, and as a user a few cases of each operation. Without it: all phases, as an admin too. */
  readonly short?: true;
  readonly say: (line: string) => void;
}

const person = { email: 'ada@example.test', password: 'correct horse battery', name: 'Ada' } as const;

async function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv, cwd: string): Promise<string> {
  const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve());
  });
  return Buffer.concat(output).toString();
}

const lint = z.array(
  z.object({ code: z.string(), message: z.string(), path: z.array(z.union([z.string(), z.number()])) }),
);

/** `POST /api/auth/login …` for what is in an operation, otherwise the path in the document. */
function placeOf(path: readonly (string | number)[]): string {
  const [top, template, method, ...rest] = path;
  if (top !== 'paths' || method === undefined) {
    return String(top === 'paths' ? template : path.join('/'));
  }
  return `${String(method).toUpperCase()} ${String(template)} ${rest.join('/')}`;
}

async function spectral(tools: Tools, folder: string): Promise<Finding[]> {
  const report = join(folder, 'spectral.json');
  const args = [
    'lint',
    '--ruleset',
    tools.ruleset,
    '--format',
    'json',
    '--output',
    report,
    join(folder, 'openapi.json'),
  ];
  const said = await run(tools.spectral, args, childEnvironment({}), folder);
  const text = await readFile(report, 'utf8').catch(() => {
    throw new Error(`Spectral did not report:\n${said}`);
  });
  return lint.parse(JSON.parse(text)).map(({ code, message, path }) => ({
    tool: 'spectral',
    rule: code,
    where: placeOf(path),
    detail: message,
  }));
}

const report = z.object({
  complete: z.boolean(),
  operations: z.object({ total: z.int(), tested: z.int() }),
  test_cases: z.object({ generated: z.int() }),
  failures: z.array(z.object({ code: z.string(), title: z.string(), operations: z.array(z.string()) })),
  errors: z.array(z.unknown()),
});

async function schemathesis(
  tools: Tools,
  folder: string,
  url: string,
  as: { readonly email: string; readonly password: string },
  { maxExamples, seed, short, say }: ScanOptions,
): Promise<Finding[]> {
  const written = join(folder, `${as.email}.json`);
  const env = childEnvironment({
    SCHEMATHESIS_HOOKS: join(import.meta.dirname, 'hooks.py'),
    SCAN_URL: url,
    SCAN_EMAIL: as.email,
    SCAN_PASSWORD: as.password,
  });
  const said = await run(
    tools.schemathesis,
    [
      '--config-file',
      join(import.meta.dirname, 'schemathesis.toml'),
      'run',
      join(folder, 'openapi.json'),
      `--url=${url}`,
      '--checks=all',
      '--exclude-checks=positive_data_acceptance',
      `--phases=${short ? 'examples,fuzzing' : 'examples,coverage,fuzzing,stateful'}`,
      '--continue-on-failure',
      '--no-color',
      `--max-examples=${maxExamples}`,
      `--seed=${seed}`,
      '--report=json',
      `--report-json-path=${written}`,
    ],
    env,
    folder,
  );
  const found = report.safeParse(JSON.parse(await readFile(written, 'utf8').catch(() => 'null')));
  if (!found.success || !found.data.complete || found.data.errors.length > 0) {
    throw new Error(`Schemathesis did not come to an end:\n${said.slice(-6_000)}`);
  }
  const { operations, test_cases: cases, failures } = found.data;
  say(`Schemathesis as ${as.email}: ${cases.generated} requests to ${operations.tested} of ${operations.total} paths`);
  return failures.flatMap(({ code, title, operations: at }) =>
    at.map((where): Finding => ({ tool: 'schemathesis', rule: code, where, detail: detailOf(said, where) ?? title })),
  );
}

/** What Schemathesis printed of an operation. */
function detailOf(said: string, where: string): string | undefined {
  const start = said.indexOf(`_ ${where} _`);
  return start === -1 ? undefined : said.slice(start, start + 2_500);
}

/** Starts the product, lets both judges at it, and gives what they found. Nothing is left running. */
export async function scan(tools: Tools, options: ScanOptions): Promise<Finding[]> {
  const folder = await mkdtemp(join(tmpdir(), 'smartstart-brain-scan-'));
  const servers = await startTestServers();
  try {
    const fleet = await startFleet({ servers, apis: 1, workers: 1, env: { TRUST_PROXY: '1' } });
    try {
      const url = fleet.apis[0]?.url ?? '';
      await call(url, 'POST', '/api/auth/register', { body: person });
      const { body } = await call(url, 'GET', '/api/openapi.json');
      await writeFile(join(folder, 'openapi.json'), JSON.stringify(body));
      return [
        ...(await spectral(tools, folder)),
        ...(await schemathesis(tools, folder, url, person, options)),
        ...(options.short ? [] : await schemathesis(tools, folder, url, fleetAdmin, options)),
      ];
    } finally {
      await fleet.stop();
    }
  } finally {
    await servers.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
