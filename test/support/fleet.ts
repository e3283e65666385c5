// A whole system as operators run it: API and worker processes from the real mains, on the servers of a suite, with the
// faults the suites inject into processes. Called by test/e2e.
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { freePort } from '#src/platform/embedded/child.ts';
import { checkAgainst, type Check } from './documented.ts';
import { end, kill, launch, scriptArguments, type Process, type Running } from './processes.ts';
import type { TestServers } from './servers.ts';

/** The first admin of every fleet. */
export const fleetAdmin = { email: 'admin@example.test', password: 'correct horse battery' } as const;

/** What a suite may set differently. */
export interface FleetOptions {
  readonly servers: Pick<TestServers, 'mongoUrl' | 'redisUrl'>;
  readonly apis?: number;
  readonly workers?: number;
  readonly keyPrefix?: string;
  /** Further environment of every process, and what replaces the usual. */
  readonly env?: Readonly<Record<string, string>>;
  /** Path of the workers' script from the repository root, for workers with test-only commands. */
  readonly workerScript?: string;
  /** Path of the APIs' script from the repository root. */
  readonly apiScript?: string;
  /** Further arguments of each API process, and of each worker process, by place. */
  readonly apiArgs?: readonly (readonly string[])[];
  readonly workerArgs?: readonly (readonly string[])[];
}

/** An API process, at the same address through every restart. */
export interface FleetApi extends Running {
  readonly url: string;
  readonly port: number;
}

/** Running processes: each keeps its place, what runs there changes with a restart. */
export interface Fleet {
  readonly apis: readonly FleetApi[];
  readonly workers: readonly Running[];
  kill(child: ChildProcess, signal?: NodeJS.Signals): Promise<void>;
  /** Ends (SIGKILL) what still runs there and starts an API process on the same port; resolves when it is ready. */
  restartApi(index: number): Promise<FleetApi>;
  /** The same for a worker process. */
  restartWorker(index: number): Promise<Running>;
  /** Starts one more worker process. */
  addWorker(): Promise<Running>;
  /** Stops everything in order, by force what does not go within 20 s. */
  stop(): Promise<void>;
  /** The last lines every process wrote, ended ones too, for messages of failures. */
  logs(): string;
}

function environmentOf({ servers, keyPrefix, env }: FleetOptions): NodeJS.ProcessEnv {
  return {
    ...process.env,
    MONGO_URL: servers.mongoUrl,
    REDIS_URL: servers.redisUrl,
    MASTER_KEY: randomBytes(32).toString('base64url'),
    KEY_PREFIX: keyPrefix ?? `fleet-${randomBytes(4).toString('hex')}`,
    LOG_LEVEL: 'warn',
    RATE_LIMITS: '1000',
    BOOTSTRAP_ADMIN_EMAIL: fleetAdmin.email,
    BOOTSTRAP_ADMIN_PASSWORD: fleetAdmin.password,
    ...env,
  };
}

/**
 * Starts API and worker processes (2 and 3) and resolves when all are ready. Stop it in an `after` hook.
 * @throws Error with the process' output when one does not get ready; nothing is left running then
 */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const env = environmentOf(options);
  const all: Process[] = [];
  const apis: FleetApi[] = [];
  const workers: Running[] = [];
  const openApi = async (index: number, port: number): Promise<FleetApi> => {
    const script = options.apiScript ?? 'src/main.ts';
    const started = await launch(
      `api ${String(index)}`,
      scriptArguments(script, options.apiArgs?.[index]),
      { ...env, PORT: String(port) },
      all,
    );
    return { ...started, port, url: `http://127.0.0.1:${String(port)}` };
  };
  const openWorker = async (index: number): Promise<Running> =>
    await launch(
      `worker ${String(index)}`,
      scriptArguments(options.workerScript ?? 'workers/main.ts', options.workerArgs?.[index]),
      env,
      all,
    );
  const stop = async (): Promise<void> => {
    await Promise.all(all.map(async ({ child }) => await end(child)));
  };
  const opened = await Promise.allSettled([
    ...Array.from({ length: options.apis ?? 2 }, async (_, index) => {
      apis[index] = await openApi(index, await freePort());
    }),
    ...Array.from({ length: options.workers ?? 3 }, async (_, index) => {
      workers[index] = await openWorker(index);
    }),
  ]);
  const failed = opened.find((one) => one.status === 'rejected');
  if (failed) {
    await stop();
    throw failed.reason;
  }
  return {
    apis,
    workers,
    kill,
    restartApi: async (index) => {
      const before = known(apis[index], 'api', index);
      await kill(before.child);
      return (apis[index] = await openApi(index, before.port));
    },
    restartWorker: async (index) => {
      await kill(known(workers[index], 'worker', index).child);
      return (workers[index] = await openWorker(index));
    },
    addWorker: async () => {
      const added = await openWorker(workers.length);
      workers.push(added);
      return added;
    },
    stop,
    logs: () => all.map(({ name, pid, output }) => `== ${name} (${String(pid)})\n${output.join('\n')}`).join('\n'),
  };
}

function known<Member>(member: Member | undefined, kind: string, index: number): Member {
  if (member === undefined) {
    throw new Error(`The fleet has no ${kind} ${String(index)}`);
  }
  return member;
}

/** What a request carries. */
export interface FleetCall {
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer with its JSON parsed; `body` is undefined where there is none. */
export interface FleetReply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** Each API's own reference, by where it is. */
const checks = new Map<string, Check>();

/** Sends one request. Throws where no whole answer comes, as fetch does, and where the API's reference lacks it. */
export async function call(url: string, method: string, path: string, request: FleetCall = {}): Promise<FleetReply> {
  const check = checks.get(url) ?? (await referenceOf(url));
  const reply = await send(url, method, path, request);
  try {
    check(method, path, reply);
  } catch {
    // Ports are given again: another process may be here now, with a reference of its own.
    (await referenceOf(url))(method, path, reply);
  }
  return reply;
}

async function referenceOf(url: string): Promise<Check> {
  const check = checkAgainst((await send(url, 'GET', '/api/openapi.json')).body);
  checks.set(url, check);
  return check;
}

async function send(url: string, method: string, path: string, request: FleetCall = {}): Promise<FleetReply> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(request.token === undefined ? {} : { authorization: `Bearer ${request.token}` }),
      ...request.headers,
    },
    ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
  });
  const text = await response.text();
  const isJson = /json/u.test(response.headers.get('content-type') ?? '');
  return {
    status: response.status,
    headers: response.headers,
    body: isJson && text !== '' ? JSON.parse(text) : undefined,
  };
}

/** The access token (10 minutes) of the fleet's first admin. @throws Error with the answer where there is none */
export async function login(url: string): Promise<string> {
  const { status, body } = await call(url, 'POST', '/api/auth/login', { body: fleetAdmin });
  const { accessToken } = (body ?? {}) as { accessToken?: string };
  if (accessToken === undefined) {
    throw new Error(`The admin cannot log in: ${String(status)} ${JSON.stringify(body)}`);
  }
  return accessToken;
}
