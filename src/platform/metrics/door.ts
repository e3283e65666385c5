// `GET /metrics`: on the API's port as a middleware of app.ts, in worker processes on a port of its own. For Prometheus
// alone: with METRICS_TOKEN for whoever has it, without it for this machine.
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Middleware } from 'koa';
import type { Registry } from 'prom-client';
import { problems } from '../errors.ts';
import { BootRefusal } from '../mongo/connect.ts';

const path = '/metrics';
const loopback = /^(?:127\.|::1$|::ffff:127\.)/u;

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** The status for whoever asks: 200, 401 without the right token, 404 for whoever should not know that there is something. */
function verdict(request: IncomingMessage, token: string | undefined): 200 | 401 | 404 {
  const { headers, socket } = request;
  if (token !== undefined) {
    const given = /^Bearer (.+)$/iu.exec(headers.authorization ?? '')?.[1] ?? '';
    // Digests have one length, so that the time says nothing about the token.
    return timingSafeEqual(digest(given), digest(token)) ? 200 : 401;
  }
  const passedOn = headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined;
  return loopback.test(socket.remoteAddress ?? '') && !passedOn ? 200 : 404;
}

async function textOf(registries: readonly Registry[]): Promise<string> {
  return (await Promise.all(registries.map(async (registry) => await registry.metrics()))).join('\n');
}

/** Answers `/metrics` of an application. Errors: `auth.unauthenticated`, `request.not-found`. */
export function metricsMiddleware(registries: readonly Registry[], token: string | undefined): Middleware {
  return async (ctx, next) => {
    if (ctx.path !== path || (ctx.method !== 'GET' && ctx.method !== 'HEAD')) {
      await next();
      return;
    }
    ctx.state['quiet'] = true;
    ctx.state['route'] = path;
    const status = verdict(ctx.req, token);
    if (status === 404) {
      throw problems.notFound('No such path');
    }
    if (status === 401) {
      throw problems.unauthenticated('This needs METRICS_TOKEN', { headers: { 'WWW-Authenticate': 'Bearer' } });
    }
    ctx.body = await textOf(registries);
    ctx.set('Content-Type', registries[0]?.contentType ?? 'text/plain');
    ctx.set('Cache-Control', 'no-store');
  };
}

/** Serves `/metrics` alone. @throws BootRefusal where the port is taken */
export async function listenForMetrics(
  port: number,
  registries: readonly Registry[],
  token: string | undefined,
): Promise<Server> {
  const server = createServer((request, response) => {
    const known = request.url === path && request.method === 'GET';
    const status = known ? verdict(request, token) : 404;
    if (status !== 200) {
      response.writeHead(status, status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}).end();
      return;
    }
    textOf(registries).then(
      (text) => response.writeHead(200, { 'Content-Type': registries[0]?.contentType ?? 'text/plain' }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(new BootRefusal(`METRICS_PORT ${port} cannot be listened on (${error.message}): choose another one`));
    });
    server.listen(port, () => resolve());
  });
  return server;
}
