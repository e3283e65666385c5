// What the health answers say when dependencies are there, away, or silent.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { z } from 'zod';
import type { Server } from 'node:http';
import { pools } from '#config/pools.ts';
import type { HealthProbes } from '#src/platform/http/health.ts';
import { authService } from '#src/services/auth/index.ts';
import { userService } from '#src/services/user/index.ts';
import mongoose from 'mongoose';
import { listen, send, startServer, type Reply, type TestServer } from '../../support/http.ts';

const light = z.enum(['up', 'degraded', 'down']);
const shape = z.object({
  status: z.enum(['healthy', 'degraded', 'unhealthy']),
  version: z.string().regex(/^\d+\.\d+\.\d+/u),
  services: z.record(z.string(), z.enum(['active', 'degraded', 'absent'])),
  dependencies: z.object({
    mongodb: z.object({ status: light }),
    redis: z.object({ status: light }),
    queues: z.object({ status: light, pools: z.record(z.string(), z.object({ status: light })) }),
  }),
});

const owned = (owners: number, oldestWaitMs = 0) =>
  Object.fromEntries(Object.keys(pools).map((pool) => [pool, { owners, oldestWaitMs }]));

const well: HealthProbes = {
  redis: async () => await Promise.resolve(true),
  poolStates: async () => await Promise.resolve(owned(1)),
};
const never = async (): Promise<never> => await new Promise(() => undefined);

describe('health', () => {
  let main: TestServer;
  const servers: Server[] = [];
  before(async () => {
    main = await startServer([userService, authService]);
  });
  after(async () => {
    servers.forEach((server) => server.close());
    await main.close();
  });

  const ask = async (probes: Partial<HealthProbes>, path = '/api/health'): Promise<Reply> => {
    const { registry, submit } = main;
    const { url, server } = await listen({ registry, submit, health: { ...well, ...probes } });
    servers.push(server);
    const reply = await send(url, 'GET', path);
    server.closeAllConnections();
    return reply;
  };

  it('names all twelve services, and which are here', async () => {
    const reply = await ask({});
    const { status, services, dependencies } = shape.parse(reply.body);
    assert.deepEqual([reply.status, status], [200, 'healthy']);
    assert.equal(Object.keys(services).length, 12);
    assert.equal(services['user_service'], 'active');
    assert.equal(services['auth_service'], 'active');
    assert.equal(services['state_machine_service'], 'absent');
    assert.deepEqual(
      [dependencies.mongodb.status, dependencies.redis.status, dependencies.queues.status],
      ['up', 'up', 'up'],
    );
  });

  const faults: [string, Partial<HealthProbes>, 'redis' | 'queues', 'down' | 'degraded'][] = [
    ['Redis is away', { redis: async () => await Promise.reject(new Error('away')) }, 'redis', 'down'],
    ['Redis does not answer', { redis: never }, 'redis', 'down'],
    ['nobody owns a pool', { poolStates: async () => await Promise.resolve(owned(0)) }, 'queues', 'down'],
    ['work waits long', { poolStates: async () => await Promise.resolve(owned(1, 60_000)) }, 'queues', 'degraded'],
    ['nobody can say who owns the pools', { poolStates: never }, 'queues', 'down'],
  ];
  for (const [name, probes, part, expected] of faults) {
    // Who waits for whatever does not answer is answered by the door in the end, and not with 200.
    it(`is degraded, and answers all the same, when ${name}`, async () => {
      const reply = await ask(probes);
      const { status, dependencies } = shape.parse(reply.body);
      assert.deepEqual([reply.status, status, dependencies[part].status], [200, 'degraded', expected]);
      assert.equal((await ask(probes, '/api/health/ready')).status, 200);
    });
  }

  it('is unhealthy and not ready when MongoDB is away, and lives', async () => {
    const client = mongoose.connection.getClient();
    await client.close();
    try {
      const reply = await ask({});
      assert.deepEqual([reply.status, shape.parse(reply.body).status], [503, 'unhealthy']);
      const ready = await ask({}, '/api/health/ready');
      assert.deepEqual([ready.status, ready.headers.get('retry-after')], [503, '1']);
      assert.equal((await ask({}, '/api/health/live')).status, 200);
    } finally {
      await client.connect();
    }
    assert.equal((await ask({}, '/api/health/ready')).status, 200);
  });
});
