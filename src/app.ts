// The API process, built from the services table: HTTP, sockets and board on one server. Called by main.ts.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { config } from '#config/env.ts';
import { machines } from '#machines/index.ts';
import { createBoard } from '#src/platform/admin/queue-board.ts';
import { audit } from '#src/platform/audit/audit.ts';
import { createApp } from '#src/platform/http/app.ts';
import { poolStates } from '#src/platform/commands/pool-states.ts';
import { operations } from '#src/platform/commands/operations.ts';
import { traces } from '#src/platform/traces/traces.ts';
import { closeQueues, queuesToShow } from '#src/platform/commands/queues.ts';
import { startWaiting, stopWaiting } from '#src/platform/commands/settled.ts';
import { createSubmit } from '#src/platform/commands/submit.ts';
import { clusterMetrics } from '#src/platform/metrics/cluster.ts';
import { metricsMiddleware } from '#src/platform/metrics/door.ts';
import { measureProcess, processMetrics } from '#src/platform/metrics/metrics.ts';
import type { Running } from '#src/platform/process.ts';
import { createRealtime, type Realtime } from '#src/platform/realtime/server.ts';
import { probeRedis } from '#src/platform/redis/clients.ts';
import { importsOver } from '#src/platform/imports/service.ts';
import { schedulesOver } from '#src/platform/schedules/service.ts';
import { createRegistry, type Registry } from '#src/platform/registry.ts';
import { bootstrapAdmin, checkPassword, mayReadFeed, services } from './services/index.ts';
import { connect, disconnect } from './connections.ts';

/** What an API process serves. */
export type Role = 'api' | 'realtime' | 'board';

/** The registry of every process: all services, all machines. `only` mounts the routes of some services. */
export function buildRegistry(only?: readonly string[]): Registry {
  const mounted = services.map((service) =>
    only === undefined || only.includes(service.name) ? service : { ...service, routes: [] },
  );
  const platform = [operations, audit, traces, schedulesOver(services), importsOver(services)];
  return createRegistry([...mounted, ...platform], machines);
}

/** Connects, migrates, listens. `port` 0 takes a free one. */
export async function startApi(options: {
  readonly port: number;
  readonly roles: readonly Role[];
  readonly services?: readonly string[];
}): Promise<Running & { readonly port: number }> {
  await connect();
  const registry = buildRegistry(options.services);
  const submit = createSubmit(registry);
  await bootstrapAdmin(submit);
  startWaiting();
  const board = options.roles.includes('board')
    ? { board: createBoard({ queues: queuesToShow(), checkPassword, submit }) }
    : {};
  const health = { redis: async () => (await probeRedis()).ok, poolStates };
  measureProcess();
  const kinds = [...registry.commands.values()].filter(({ pool }) => pool !== 'direct').map(({ kind }) => kind);
  const metrics = metricsMiddleware([processMetrics, clusterMetrics(kinds)], config.metricsToken);
  const app = createApp({ registry, submit, health, metrics, sockets: options.roles.includes('realtime'), ...board });
  const handle = app.callback();
  const server = createServer((request, response) => void handle(request, response));
  const realtime = options.roles.includes('realtime') ? createRealtime(server, mayReadFeed) : undefined;
  await listen(server, options.port);
  const { port } = server.address() as AddressInfo;
  return { port, urls: urlsOf(port, options.roles), stop: async () => await stop(server, realtime) };
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
  ];
}

/** Stops in order: no new requests, open answers given, then the connections. */
async function stop(server: Server, realtime: Realtime | undefined): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  await realtime?.close();
  server.closeIdleConnections();
  const idle = setInterval(() => server.closeIdleConnections(), 100);
  await closed;
  clearInterval(idle);
  stopWaiting();
  await closeQueues();
  await disconnect();
}
