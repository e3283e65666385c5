// A real HTTP server on a free port over real MongoDB and Redis, with the services a test names. For tests of the door
// and of identity; `close` leaves no database behind.
import { createServer, request as nodeRequest, type RequestOptions, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Redis } from 'ioredis';
import mongoose from 'mongoose';
import { z } from 'zod';
import { limits } from '#config/limits.ts';
import { forgetSigningKeys } from '#src/platform/auth/signing-keys.ts';
import { roleSeed } from '#src/platform/auth/permissions.ts';
import { forgetTries } from '#src/platform/auth/tries.ts';
import { unwatchRights, watchRights } from '#src/platform/auth/rights.ts';
import { closeQueues, openQueues } from '#src/platform/commands/queues.ts';
import { startWaiting, stopWaiting } from '#src/platform/commands/settled.ts';
import { createSubmit, type Submit } from '#src/platform/commands/submit.ts';
import { createApp, type AppParts } from '#src/platform/http/app.ts';
import { answerBrokenRequests } from '#src/platform/http/broken-requests.ts';
import { mail } from '#src/platform/mail/mail.effects.ts';
import { connectMongo } from '#src/platform/mongo/connect.ts';
import { migrate } from '#src/platform/mongo/migrate.ts';
import { closeRedis, redisKey, sharedClient } from '#src/platform/redis/clients.ts';
import { closeHints } from '#src/platform/redis/hints.ts';
import { createRegistry, type Registry, type Service } from '#src/platform/registry.ts';
import { checkAgainst } from './documented.ts';

/** An answer with its body parsed. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed where it is JSON: say by a schema what it must be. */
  readonly body: unknown;
  readonly text: string;
}

/** What a request carries. */
export interface Call {
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** A server that runs. */
export interface TestServer {
  readonly url: string;
  readonly http: Server;
  readonly registry: Registry;
  readonly submit: Submit;
  /** Sends one request. @throws Error where the answer is not as documented */
  call(method: string, path: string, call?: Call): Promise<Reply>;
  close(): Promise<void>;
}

/** Sends one request; a body that is no text goes as JSON. */
export async function send(url: string, method: string, path: string, call: Call = {}): Promise<Reply> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(call.token === undefined ? {} : { authorization: `Bearer ${call.token}` }),
      ...call.headers,
    },
    ...(call.body === undefined ? {} : { body: typeof call.body === 'string' ? call.body : JSON.stringify(call.body) }),
  });
  const text = await response.text();
  const isJson = /[/+]json/u.test(response.headers.get('content-type') ?? '');
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: isJson && text !== '' ? JSON.parse(text) : undefined,
  };
}

/** Sends what `fetch` refuses to send: any method, and a body in chunks without its length. */
export async function sendRaw(url: string, options: RequestOptions & { chunks?: readonly string[] }): Promise<Reply> {
  const { chunks = [], ...rest } = options;
  return await new Promise((resolve, reject) => {
    const request = nodeRequest(url, rest, (response) => {
      let text = '';
      response.on('data', (chunk) => (text += String(chunk)));
      response.on('end', () => {
        const pairs = Object.entries(response.headers).map(([name, value]): [string, string] => [name, String(value)]);
        const body: unknown = text === '' ? undefined : JSON.parse(text);
        resolve({ status: response.statusCode ?? 0, headers: new Headers(pairs), text, body });
      });
    });
    request.on('error', reject);
    chunks.forEach((chunk) => request.write(chunk));
    request.end();
  });
}

/** Serves an application on a free port. */
export async function listen(parts: AppParts): Promise<{ url: string; server: Server }> {
  const answer = createApp(parts).callback();
  const server = createServer(
    { maxHeaderSize: limits.headerBytes },
    (request, response) => void answer(request, response),
  );
  answerBrokenRequests(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Takes away what the file before left of its own: logins it failed at count against the address of all. */
async function emptyRedis(client: Redis): Promise<void> {
  for await (const keys of client.scanStream({ match: `${redisKey('')}*`, count: 1_000 }) as AsyncIterable<string[]>) {
    if (keys.length > 0) {
      await client.unlink(...keys);
    }
  }
  forgetTries();
}

/** Connects, migrates and serves. One for each test file: MONGO_URL names its database. */
export async function startServer(services: readonly Service[], parts: Partial<AppParts> = {}): Promise<TestServer> {
  await connectMongo();
  await mongoose.connection.dropDatabase();
  forgetSigningKeys();
  await migrate([roleSeed]);
  openQueues();
  const redis = sharedClient();
  if (redis.status !== 'ready') {
    await new Promise<void>((resolve) => redis.once('ready', () => resolve()));
  }
  await emptyRedis(redis);
  startWaiting();
  // Whatever a service does may send a mail.
  const registry = createRegistry(services.some(({ name }) => name === mail.name) ? services : [...services, mail]);
  watchRights();
  const submit = createSubmit(registry);
  const health = {
    redis: async () => (await redis.ping()) === 'PONG',
    poolStates: async () => await Promise.resolve({}),
  };
  const { url, server } = await listen({ registry, submit, health, ...parts });
  const check = checkAgainst((await send(url, 'GET', '/api/openapi.json')).body);
  return {
    url,
    http: server,
    registry,
    submit,
    call: async (method, path, call) => {
      const reply = await send(url, method, path, call);
      check(method, path, reply);
      return reply;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      unwatchRights();
      stopWaiting();
      await closeHints();
      await mongoose.connection.dropDatabase();
      redis.disconnect();
      await closeQueues();
      await closeRedis();
      await mongoose.disconnect();
    },
  };
}

const problemShape = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  instance: z.string(),
  code: z.string(),
  requestId: z.string(),
  errors: z.array(z.strictObject({ pointer: z.string(), code: z.string(), detail: z.string() })).optional(),
});

/** The problem an answer is; throws where it is none, or disagrees with its status line or its X-Request-Id. */
export function problemOf(reply: Reply): z.output<typeof problemShape> {
  const problem = problemShape.parse(reply.body);
  const [type] = (reply.headers.get('content-type') ?? '').split(';');
  if (type !== 'application/problem+json' || problem.status !== reply.status) {
    throw new Error(`Not a problem: ${reply.status} ${type} ${reply.text}`);
  }
  if (problem.requestId !== reply.headers.get('x-request-id')) {
    throw new Error(`Two request ids: ${problem.requestId} and ${reply.headers.get('x-request-id')}`);
  }
  return problem;
}
