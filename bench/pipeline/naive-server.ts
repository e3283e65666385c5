// A server with the product's own HTTP door (authentication, permission, validation) and a naive grant behind it.
// Started by the two naive API roots of this benchmark.
import { createServer } from 'node:http';
import { z } from 'zod';
import { config } from '#config/env.ts';
import { connect, disconnect } from '#src/connections.ts';
import { startWaiting } from '#src/platform/commands/settled.ts';
import { createSubmit } from '#src/platform/commands/submit.ts';
import { createApp } from '#src/platform/http/app.ts';
import { defineRoute } from '#src/platform/http/route.ts';
import { runProcess } from '#src/platform/process.ts';
import { createRegistry } from '#src/platform/registry.ts';
import { authService } from '#src/services/auth/index.ts';
import { addXp } from '#src/services/gamification/gamification.schema.ts';
import { bootstrapAdmin } from '#src/services/index.ts';
import { userService } from '#src/services/user/index.ts';
import type { NaiveGrant } from './naive.ts';

/** Serves `POST /api/gamification/xp/add` with `grant` behind it, until it is stopped. */
export async function serveNaive(grant: (request: NaiveGrant) => Promise<unknown>): Promise<void> {
  const route = defineRoute({
    method: 'post',
    path: '/api/gamification/xp/add',
    summary: 'Grant XP, the naive way',
    auth: { permission: 'xp.grant' },
    scope: 'role',
    body: addXp,
    status: 201,
    output: z.unknown(),
    handle: async ({ body, caller, header, requestId }) => ({
      status: 201,
      body: await grant({ input: body, actor: caller.userId, key: header('idempotency-key') ?? requestId, requestId }),
    }),
  });
  await runProcess('Naive API', async () => {
    await connect();
    const registry = createRegistry([userService, authService, { name: 'naive', routes: [route] }]);
    const submit = createSubmit(registry);
    await bootstrapAdmin(submit);
    startWaiting();
    const probes = {
      redis: async () => await Promise.resolve(true),
      poolStates: async () => await Promise.resolve({}),
    };
    const handle = createApp({ registry, submit, health: probes }).callback();
    const server = createServer((request, response) => void handle(request, response));
    await new Promise<void>((resolve) => {
      server.listen(config.port, '127.0.0.1', () => resolve());
    });
    return {
      urls: [],
      stop: async () => {
        server.close();
        await disconnect();
      },
    };
  });
}
