// The API process, built from the services table: HTTP, sockets and board on one server. Called by main.ts.
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { config } from '#config/env.ts';
import { limits } from '#config/limits.ts';
import { machines } from '#machines/index.ts';
import { createBoard } from '#src/platform/admin/queue-board.ts';
import { audit } from '#src/platform/audit/audit.ts';
import { unwatchRights, watchRights } from '#src/platform/auth/rights.ts';
import { mail } from '#src/platform/mail/mail.effects.ts';
import { createApp } from '#src/platform/http/app.ts';
import { answerBrokenRequests } from '#src/platform/http/broken-requests.ts';
import { poolStates } from '#src/platform/commands/pool-states.ts';
import { operations } from '#src/platform/commands/operations.ts';
import { traces } from '#src/platform/traces/traces.ts';
import { closeQueues, queuesToShow } from '#src/platform/commands/queues.ts';
import { startWaiting, stopWaiting } from '#src/platform/commands/settled.ts';
import { createSubmit } from '#src/platform/commands/submit.ts';
import { clusterMetrics } from '#src/platform/metrics/cluster.ts';
import { metricsMiddleware } from '#src/platform/metrics/door.ts';
import { measureProcess, processMetrics } from '#src/platform/metrics/metrics.ts';
import { endWatches } from '#src/platform/machines/watches.ts';
import type { Running } from '#src/platform/process.ts';
import { createRealtime, type Realtime } from '#src/platform/realtime/server.ts';
import { probeRedis } from '#src/platform/redis/clients.ts';
import { importsOver } from '#src/platform/imports/service.ts';
import { schedulesOver } from '#src/platform/schedules/service.ts';
import { createRegistry, queuedKinds, type Registry, type Service } from '#src/platform/registry.ts';
import { boardLogin, bootstrapAdmin, mayReadFeed, services } from './services/index.ts';
import { connect, disconnect } from './connections.ts';

/** Longer than a balancer keeps an idle connection (nginx: 60 s), so that it is never closed under its next request. */
const keptAliveMs = 75_000;

/** What an API process serves. */
export type Role = 'api' | 'realtime' | 'board';

/** What the platform serves itself, beside every service. */
const platformParts: readonly Service[] = [
  operations,
  audit,
  traces,
  mail,
  schedulesOver(services),
  importsOver(services),
];

/** The registry of every process: all services, all machines. `only` mounts the routes of some services; none: no routes. */
export function buildRegistry(only?: readonly string[]): Registry {
  const isMounted = (service: Service): boolean =>
    only === undefined || only.includes(service.name) || (only.length > 0 && platformParts.includes(service));
  const parts = [...services, ...platformParts].map((part) => (isMounted(part) ? part : { ...part, routes: [] }));
  return createRegistry(parts, machines);
}

/** Connects, migrates, listens. `port` 0 takes a free one. */
export async function startApi(options: {
  readonly port: number;
  readonly roles: readonly Role[];
  readonly services?: readonly string[];
}): Promise<Running & { readonly port: number }> {
  await connect();
  const registry = buildRegistry(options.roles.includes('api') ? options.services : []);
  const submit = createSubmit(registry);
  await bootstrapAdmin(submit);
  startWaiting();
  watchRights();
  const board = options.roles.includes('board')
    ? { board: createBoard({ queues: queuesToShow(), checkPassword: boardLogin(submit), submit }) }
    : {};
  const leaving = { now: false };
  const health = { redis: async () => (await probeRedis()).ok, poolStates, leaving: () => leaving.now };
  measureProcess();
  const metrics = metricsMiddleware([processMetrics, clusterMetrics(queuedKinds(registry))], config.metricsToken);
  const app = createApp({ registry, submit, health, metrics, sockets: options.roles.includes('realtime'), ...board });
  const handle = app.callback();
  const server = createServer(
    { maxHeaderSize: limits.headerBytes },
    (request, response) => void handle(request, response),
  );
  answerBrokenRequests(server);
  server.keepAliveTimeout = keptAliveMs;
  const drain = drainOf(server);
  const realtime = options.roles.includes('realtime') ? createRealtime(server, mayReadFeed) : undefined;
  await listen(server, options.port);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    urls: urlsOf(port, options.roles),
    stop: async () => {
      leaving.now = true;
      realtime?.leave(config.drainMs);
      await drain(config.drainMs);
      await stop(server, realtime);
    },
  };
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, () => resolve());
  });
}

function urlsOf(port: number, roles: readonly Role[]): Running['urls'] {
  const base = `http://127.0.0.1:${port}`;
  return [
    { name: 'API', url: `${base}/api` },
    { name: 'Reference', url: `${base}/api/docs` },
    { name: 'Health', url: `${base}/api/health` },
    ...(roles.includes('realtime') ? [{ name: 'Sockets', url: `ws://127.0.0.1:${port}/` }] : []),
    ...(roles.includes('board') ? [{ name: 'Board', url: `${base}/admin/queues` }] : []),
    ...(roles.includes('board') && config.smtp === undefined ? [{ name: 'Mails', url: `${base}/admin/mails` }] : []),
  ];
}

/**
 * Makes a server leave without losing a request: for `ms` it goes on serving, and every answer asks its connection to be
 * closed, so that no client holds one that is idle when the server ends.
 */
function drainOf(server: Server): (ms: number) => Promise<void> {
  const open = new Set<ServerResponse>();
  let leaving = false;
  // Before the handler, so that the header is there when the answer begins.
  server.prependListener('request', (_request, response) => {
    response.shouldKeepAlive &&= !leaving;
    open.add(response);
    response.once('close', () => open.delete(response));
  });
  return async (ms) => {
    leaving = true;
    open.forEach((response) => (response.shouldKeepAlive = false));
    await delay(ms);
  };
}

/** Stops in order: no new requests, open answers given, then the connections. */
async function stop(server: Server, realtime: Realtime | undefined): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  endWatches();
  await realtime?.close();
  server.closeIdleConnections();
  const idle = setInterval(() => server.closeIdleConnections(), 100);
  await closed;
  clearInterval(idle);
  unwatchRights();
  stopWaiting();
  await closeQueues();
  await disconnect();
}
