// Health: asks every dependency, in parallel and for at most a second, and says which of the twelve services this
// process has. For load balancers, orchestrators and people. Bound by app.ts.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { pools, type PoolName } from '#config/pools.ts';
import type { PoolState } from '../commands/pool-states.ts';
import { probeMongo } from '../mongo/connect.ts';
import { poolsOfService, type Registry, type Service } from '../registry.ts';
import { defineRoute, type Route } from './route.ts';

/** What only the process root can ask. Either may throw: that is an answer too. */
export interface HealthProbes {
  /** True where Redis answers. */
  readonly redis: () => Promise<boolean>;
  readonly poolStates: () => Promise<Partial<Record<PoolName, PoolState>>>;
  /** True once the process was told to stop: it serves on for a while, but nobody should be sent to it. */
  readonly leaving?: () => boolean;
}

/** Every service the product has, whether or not this process mounts it. */
const serviceNames = [
  'user',
  'legal',
  'venture',
  'gamification',
  'buz',
  'umbrella',
  'auth',
  'file',
  'analytics',
  'notification',
  'websocket',
  'state-machine',
] as const;

const probeMs = 1_000;
/** Work that waits longer than this says that its pool does not keep up. */
const slowPoolMs = 30_000;

const light = z.enum(['up', 'degraded', 'down']);
type Light = z.output<typeof light>;

interface Probed<T> {
  readonly value: T | null;
  readonly ms: number;
}

async function probe<T>(ask: () => Promise<T>): Promise<Probed<T>> {
  const start = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), probeMs);
  });
  try {
    const value = await Promise.race([ask(), tooLong]);
    return { value, ms: Math.round(performance.now() - start) };
  } catch {
    return { value: null, ms: Math.round(performance.now() - start) };
  } finally {
    clearTimeout(timer);
  }
}

function poolLight(state: PoolState | undefined): Light {
  if (!state || state.owners === 0) {
    return 'down';
  }
  return state.oldestWaitMs > slowPoolMs ? 'degraded' : 'up';
}

function worst(lights: readonly Light[]): Light {
  return lights.includes('down') ? 'down' : lights.includes('degraded') ? 'degraded' : 'up';
}

type Dependencies = z.output<typeof health>['dependencies'];

async function askDependencies(probes: HealthProbes): Promise<Dependencies> {
  const [mongodb, redis, states] = await Promise.all([
    probe(probeMongo),
    probe(probes.redis),
    probe(probes.poolStates),
  ]);
  const named = (Object.keys(pools) as PoolName[]).map((pool) => {
    const state = states.value?.[pool];
    return [pool, { status: poolLight(state), ...state }] as const;
  });
  return {
    mongodb: { status: mongodb.value === true ? 'up' : 'down', ms: mongodb.ms },
    redis: { status: redis.value === true ? 'up' : 'down', ms: redis.ms },
    queues: { status: worst(named.map(([, pool]) => pool.status)), ms: states.ms, pools: Object.fromEntries(named) },
  };
}

function serviceState(service: Service | undefined, dependencies: Dependencies): z.output<typeof serviceLight> {
  if (!service?.routes?.length) {
    return 'absent';
  }
  const { mongodb, redis, queues } = dependencies;
  const needed = poolsOfService(service).map((pool) => queues.pools[pool]?.status ?? 'down');
  return [mongodb.status, redis.status, ...needed].every((light) => light === 'up') ? 'active' : 'degraded';
}

function overall(dependencies: Dependencies): 'healthy' | 'degraded' | 'unhealthy' {
  const { mongodb, redis, queues } = dependencies;
  if (mongodb.status === 'down') {
    return 'unhealthy';
  }
  return redis.status === 'up' && queues.status === 'up' ? 'healthy' : 'degraded';
}

function readVersion(): string {
  // The compiled file lies one folder deeper than the source.
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    try {
      return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version;
    } catch {
      continue;
    }
  }
  return 'unknown';
}

/** The version of the product. */
export const version = readVersion();

const dependency = z.strictObject({ status: light, ms: z.int() });
const pool = z.strictObject({
  status: light,
  owners: z.int().optional(),
  oldestWaitMs: z
    .int()
    .optional()
    .describe('How long the row that waits longest could have been done and was not, in milliseconds'),
});
const serviceLight = z.enum(['active', 'degraded', 'absent']);

const health = z.strictObject({
  status: z.enum(['healthy', 'degraded', 'unhealthy']),
  version: z.string(),
  services: z.record(z.string(), serviceLight),
  dependencies: z.strictObject({
    mongodb: dependency,
    redis: dependency,
    queues: dependency.extend({ pools: z.record(z.string(), pool) }),
  }),
});
const liveness = z.strictObject({ status: z.literal('live'), version: z.string() });
const readiness = z.strictObject({ status: z.enum(['ready', 'not-ready']) });

/**
 * The three health routes. `/api/health` tells all; `/live` only that the process answers; `/ready` whether it can
 * accept work: MongoDB takes writes. Redis and owners may be away, accepted work waits for them.
 */
export function healthRoutes(registry: Registry, probes: HealthProbes): Route[] {
  const byName = new Map(registry.services.map((service) => [service.name, service]));
  return [
    defineRoute({
      method: 'get',
      path: '/api/health',
      summary: 'How the whole system is',
      auth: 'public',
      scope: 'public',
      limit: 'probe',
      output: health,
      alsoAnswers: { 503: 'MongoDB does not answer' },
      quiet: true,
      handle: async () => {
        const dependencies = await askDependencies(probes);
        const status = overall(dependencies);
        const services = serviceNames.map(
          (name) => [`${name.replaceAll('-', '_')}_service`, serviceState(byName.get(name), dependencies)] as const,
        );
        return {
          status: status === 'unhealthy' ? 503 : 200,
          body: { status, version, services: Object.fromEntries(services), dependencies },
        };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/api/health/live',
      summary: 'Whether this process answers',
      auth: 'public',
      scope: 'public',
      limit: 'probe',
      output: liveness,
      quiet: true,
      handle: async () => await Promise.resolve({ status: 200, body: { status: 'live', version } }),
    }),
    defineRoute({
      method: 'get',
      path: '/api/health/ready',
      summary: 'Whether this process can accept work',
      auth: 'public',
      scope: 'public',
      limit: 'probe',
      output: readiness,
      alsoAnswers: { 503: 'MongoDB takes no writes, or the process was told to stop' },
      quiet: true,
      handle: async () => {
        const ready = probes.leaving?.() !== true && (await probe(probeMongo)).value === true;
        return {
          status: ready ? 200 : 503,
          body: { status: ready ? 'ready' : 'not-ready' },
          ...(ready ? {} : { headers: { 'Retry-After': '1' } }),
        };
      },
    }),
  ];
}
