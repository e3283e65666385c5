// The production shape without containers: the services of docker-compose.yml as processes, from their own commands,
// environment and replica counts. Only hosts, ports and paths are replaced. Called by test/e2e.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mongo } from 'mongoose';
import { parse } from 'yaml';
import { z } from 'zod';
import { freePort } from '#src/platform/embedded/child.ts';
import { findMongod, findValkey } from '#src/platform/embedded/binaries.ts';
import { accepts, type ServerProcess, spawnServer } from '#src/platform/embedded/child.ts';
import { becomePrimary } from '#src/platform/embedded/replica-set.ts';
import { eventually } from './eventually.ts';
import { end, kill, launch, type Process } from './processes.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

const service = z.looseObject({
  image: z.string(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).optional(),
  profiles: z.array(z.string()).optional(),
  secrets: z.array(z.string()).optional(),
  volumes: z.array(z.string()).optional(),
  stop_grace_period: z.string().optional(),
  deploy: z.looseObject({ replicas: z.int().optional() }).optional(),
  healthcheck: z.looseObject({ test: z.array(z.string()) }).optional(),
});

const file = z.looseObject({
  services: z.record(z.string(), service),
  secrets: z.record(z.string(), z.object({ file: z.string() })),
  configs: z.record(z.string(), z.object({ content: z.string() })),
});

/** A service as the file has it, with its variables filled in. */
export type ComposeService = z.output<typeof service>;
/** docker-compose.yml, parsed. */
export type ComposeFile = z.output<typeof file>;

/** Fills `${NAME}`, `${NAME:-default}`, `${NAME:+instead}` and `${NAME:?message}` in; `$$` is a dollar. */
function interpolate(text: string, env: Readonly<Record<string, string>>): string {
  return text.replaceAll(
    /\$(?:\$|\{(\w+)(?::([-?+])([^}]*))?\})/gu,
    (_all, name?: string, how?: string, rest?: string) => {
      if (name === undefined) {
        return '$';
      }
      const value = env[name];
      if (!value && how === '?') {
        throw new Error(`${name}: ${rest}`);
      }
      const given = value !== undefined && value !== '';
      if (how === '+') {
        return given ? (rest ?? '') : '';
      }
      return given ? value : (rest ?? '');
    },
  );
}

/** Reads docker-compose.yml with these variables. */
export async function readCompose(env: Readonly<Record<string, string>>): Promise<ComposeFile> {
  const text = await readFile(join(root, 'docker-compose.yml'), 'utf8');
  // As docker compose does it: values are filled in after the file was parsed, so that an empty one stays a text.
  const fill = (_key: string, value: unknown): unknown => (typeof value === 'string' ? interpolate(value, env) : value);
  return file.parse(JSON.parse(JSON.stringify(parse(text, { merge: true }), fill)));
}

/** Compiles the product as the image does, where `npm test` has not done so already. @throws Error with what it said */
export async function build(): Promise<void> {
  if (process.env['TEST_COMPILED'] === '1') {
    return;
  }
  const child = spawn('npm', ['run', 'build'], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) {
    throw new Error(`npm run build ended with ${String(code)}:\n${said}`);
  }
}

/** One replica of a service; its place and its port stay, what runs there changes. */
export interface Replica {
  readonly service: string;
  readonly port: number;
  readonly url: string;
  readonly process: Process;
}

/** The running shape. */
export interface Composed {
  readonly file: ComposeFile;
  readonly db: mongo.Db;
  /** Replicas of a service, or of all. */
  replicas(name?: string): readonly Replica[];
  /** Stops a replica in order, starts another in its place, and resolves when that is ready. */
  replace(replica: Replica, whileStopping?: () => Promise<void>): Promise<void>;
  /** Runs a replica's health check as its container would: true where it ends with 0. */
  healthy(replica: Replica): Promise<boolean>;
  logs(): string;
  stop(): Promise<void>;
}

/** Starts all of the file. The secrets' contents are by name. Nothing is left running when it throws. */
export async function startComposed(secrets: Readonly<Record<string, string>>, file: ComposeFile): Promise<Composed> {
  const folder = await mkdtemp(join(tmpdir(), 'brain-compose-'));
  const servers: ServerProcess[] = [];
  const outputs: Process[] = [];
  const replicas: Replica[] = [];
  let client: mongo.MongoClient | undefined;
  const stop = async (): Promise<void> => {
    await Promise.all(outputs.map(async ({ child }) => await end(child)));
    await client?.close();
    await Promise.all(servers.map(async (server) => await server.stop()));
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  // In containers each process has the ports it is given to itself; here they are on one machine.
  const environment = async (of: ComposeService, places: Places, port: number): Promise<NodeJS.ProcessEnv> => ({
    PATH: process.env['PATH'],
    ...Object.fromEntries(
      Object.entries(of.environment ?? {}).map(([name, value]) => [name, replaceHosts(value, places, folder)]),
    ),
    // All load comes from one address here.
    RATE_LIMITS: '1000',
    PORT: String(port),
    METRICS_PORT: String(await freePort()),
  });
  try {
    for (const [name, content] of Object.entries(secrets)) {
      await writeFile(join(folder, name), `${content}\n`, { mode: 0o600 });
    }
    const places = await startServers(file, folder, servers);
    client = await mongo.MongoClient.connect(`mongodb://127.0.0.1:${places.mongo}/brain?replicaSet=rs0`);
    const open = async (name: string, of: ComposeService, port: number, index: number): Promise<Replica> => {
      const [program, ...args] = of.command ?? [];
      if (program !== 'node') {
        throw new Error(`${name} does not run node`);
      }
      const process = await launch(`${name} ${index}`, args, await environment(of, places, port), outputs);
      return { service: name, port, url: `http://127.0.0.1:${port}`, process };
    };
    const own = Object.entries(file.services).filter(
      ([, of]) => of.image === 'smartstart-brain' && of.profiles === undefined,
    );
    await Promise.all(
      own.flatMap(([name, of]) =>
        Array.from({ length: of.deploy?.replicas ?? 1 }, async (_, index) => {
          replicas.push(await open(name, of, await freePort(), index));
        }),
      ),
    );
    return {
      file,
      db: client.db(),
      replicas: (name) => replicas.filter((replica) => name === undefined || replica.service === name),
      replace: async (replica, whileStopping) => {
        const ended = kill(replica.process.child, 'SIGTERM');
        await whileStopping?.();
        await ended;
        if (replica.process.child.exitCode !== 0) {
          throw new Error(`${replica.service} did not end in order`);
        }
        const of = file.services[replica.service] as ComposeService;
        replicas[replicas.indexOf(replica)] = await open(replica.service, of, replica.port, outputs.length);
      },
      healthy: async ({ service: name, port }) => await runCheck(file.services[name], port),
      logs: () => outputs.map(({ name, output }) => `== ${name}\n${output.join('\n')}`).join('\n'),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Places {
  readonly mongo: number;
  readonly valkey: number;
}

function replaceHosts(value: string, places: Places, folder: string): string {
  return value
    .replace('mongo:27017', `127.0.0.1:${places.mongo}`)
    .replace('valkey:6379', `127.0.0.1:${places.valkey}`)
    .replace('/run/secrets', folder);
}

/** Starts mongod and Valkey from their commands in the file, on ports and folders of their own. */
async function startServers(file: ComposeFile, folder: string, servers: ServerProcess[]): Promise<Places> {
  const places = { mongo: await freePort(), valkey: await freePort() };
  const start = async (name: keyof Places, program: string, path: string, more: readonly string[]): Promise<void> => {
    const [named, ...args] = file.services[name]?.command ?? [];
    if (named !== program) {
      throw new Error(`${name} does not run ${program}`);
    }
    const home = join(folder, name);
    await mkdir(join(home, 'data'), { recursive: true });
    const given = args.filter((argument) => argument !== '--bind_ip_all');
    servers.push(spawnServer(path, [...given, ...more], home, join(home, 'log')));
    await eventually(async () => {
      if (!(await accepts(places[name]))) {
        throw new Error(`${name} does not listen: ${await readFile(join(home, 'log'), 'utf8').catch(() => '')}`);
      }
    }, 60_000);
  };
  const [mongod, valkey] = await Promise.all([findMongod(() => undefined), findValkey(() => undefined)]);
  const data = (name: string): string => join(folder, name, 'data');
  const port = (name: keyof Places): string => String(places[name]);
  const bound = ['--bind_ip', '127.0.0.1', '--nounixsocket', '--wiredTigerCacheSizeGB', '0.5'];
  await start('mongo', 'mongod', mongod.path, ['--port', port('mongo'), '--dbpath', data('mongo'), ...bound]);
  await start('valkey', 'valkey-server', valkey.path, [
    '--port',
    port('valkey'),
    '--dir',
    data('valkey'),
    '--bind',
    '127.0.0.1',
  ]);
  if (!(await becomePrimary(places.mongo, () => true, 60_000))) {
    throw new Error('mongod did not become a primary');
  }
  return places;
}

async function runCheck(of: ComposeService | undefined, port: number): Promise<boolean> {
  const [kind, program, ...args] = of?.healthcheck?.test ?? [];
  if (kind !== 'CMD' || program !== 'node') {
    throw new Error('The health check does not run node');
  }
  const child = spawn(
    process.execPath,
    args.map((argument) => argument.replace(':3000/', `:${port}/`)),
  );
  const [code] = (await once(child, 'close')) as [number | null];
  return code === 0;
}
