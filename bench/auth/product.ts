// The product's own doors with the services of identity, and one more route that answers from nothing but who asks: the
// cheapest a protected route can be. Started by main.ts of this benchmark.
import { createServer } from 'node:http';
import { z } from 'zod';
import { config } from '#config/env.ts';
import { connect, disconnect } from '#src/connections.ts';
import { startWaiting } from '#src/platform/commands/settled.ts';
import { createSubmit } from '#src/platform/commands/submit.ts';
import { createApp } from '#src/platform/http/app.ts';
import { defineRoute } from '#src/platform/http/route.ts';
import { mail } from '#src/platform/mail/mail.effects.ts';
import { runProcess } from '#src/platform/process.ts';
import { createRegistry } from '#src/platform/registry.ts';
import { authService } from '#src/services/auth/index.ts';
import { bootstrapAdmin } from '#src/services/index.ts';
import { userService } from '#src/services/user/index.ts';

const asked = defineRoute({
  method: 'get',
  path: '/api/asked',
  summary: 'Who asks, and nothing else',
  auth: 'user',
  scope: 'self',
  quiet: true,
  output: z.strictObject({ userId: z.string(), roles: z.array(z.string()) }),
  handle: async ({ caller: { userId, roles } }) => await Promise.resolve({ status: 200, body: { userId, roles } }),
});

await runProcess('API', async () => {
  await connect();
  const registry = createRegistry([userService, authService, mail, { name: 'asked', routes: [asked] }]);
  const submit = createSubmit(registry);
  await bootstrapAdmin(submit);
  startWaiting();
  const health = {
    redis: async () => await Promise.resolve(true),
    poolStates: async () => await Promise.resolve({}),
  };
  const handle = createApp({ registry, submit, health }).callback();
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => {
    server.listen(config.port, '127.0.0.1', () => resolve());
  });
  return {
    urls: [],
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await disconnect();
    },
  };
});
