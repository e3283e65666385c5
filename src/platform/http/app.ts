// The HTTP door: builds the Koa application, never listens. The API root and the tests give it a server.
import cors from '@koa/cors';
import Koa, { type Middleware } from 'koa';
import helmet from 'koa-helmet';
import { config } from '#config/env.ts';
import type { Submit } from '../commands/submit.ts';
import { logFor } from '../log.ts';
import { referenceOf } from '../reference/service.ts';
import type { Registry, Service } from '../registry.ts';
import { isTracing } from '../tracing/spans.ts';
import { logRequests } from './access-log.ts';
import { answerInTime } from './answer-in-time.ts';
import { healthRoutes, type HealthProbes } from './health.ts';
import { traceRequests } from './trace-requests.ts';
import { catchProblems } from './problem.ts';
import { identifyRequest } from './request-id.ts';
import { createRateLimits, limitPages, type RateLimits } from './rate-limit.ts';
import { bindRoutes, refuseUnrouted } from './router.ts';

/** What an application is made of. */
export interface AppParts {
  readonly registry: Registry;
  /** How routes do commands; `createSubmit` of commands/submit.ts. */
  readonly submit: Submit;
  /** What the health answers ask. */
  readonly health: HealthProbes;
  /** The board of queues (`createBoard` of admin/queue-board.ts), where this process shows it. */
  readonly board?: Middleware;
  /** True where this process has the socket door. */
  readonly sockets?: boolean;
  /** What Prometheus reads (`metricsMiddleware` of metrics/door.ts). */
  readonly metrics?: Middleware;
  /** How often each class of routes may be called (those of config/rates.ts). */
  readonly rateLimits?: RateLimits;
  /** Proxies before this process whose forwarded headers are believed, and origins whose pages may ask (config/env.ts). */
  readonly trustProxy?: number;
  readonly corsOrigins?: readonly string[];
}

/** Everything an application answers, by service: the registry's, health, and the reference of all of them. */
export function mountedServices({ registry, health, sockets }: Omit<AppParts, 'submit'>): readonly Service[] {
  const described = [...registry.services, { name: 'health', routes: healthRoutes(registry, health) }];
  return [...described, referenceOf(described, sockets ?? false)];
}

/** Answers are data, never pages: nothing may be loaded, framed or run from them. */
const headers = helmet({
  contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
  xFrameOptions: { action: 'deny' },
});

function crossOrigin(origins: readonly string[]): Middleware {
  const allowed = new Set(origins);
  return cors({
    // The types want a text; '' is how @koa/cors is told "not this one".
    origin: (ctx) => (allowed.has(ctx.get('Origin')) ? ctx.get('Origin') : ''),
    allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowHeaders: [
      'Authorization',
      'Content-Type',
      'Idempotency-Key',
      'If-Match',
      'If-None-Match',
      'Prefer',
      'X-Request-Id',
      'traceparent',
    ],
    exposeHeaders: [
      'ETag',
      'Idempotency-Replayed',
      'Location',
      'RateLimit',
      'RateLimit-Policy',
      'Retry-After',
      'X-Request-Id',
    ],
    maxAge: 600,
  });
}

/** An application that answers every route of the registry, health, and everything else with a problem. */
export function createApp(parts: AppParts): Koa {
  const { trustProxy = config.trustProxy, corsOrigins = config.corsOrigins } = parts;
  const app = new Koa({ proxy: trustProxy > 0, maxIpsCount: trustProxy, env: config.nodeEnv });
  app.on('error', (error) => logFor('http').debug({ err: error }, 'A connection broke while it was answered'));
  app.use(identifyRequest);
  if (isTracing()) {
    app.use(traceRequests);
  }
  app.use(logRequests).use(catchProblems).use(answerInTime).use(headers);
  if (corsOrigins.length > 0) {
    app.use(crossOrigin(corsOrigins));
  }
  if (parts.metrics) {
    app.use(parts.metrics);
  }
  const rateLimits = parts.rateLimits ?? createRateLimits();
  if (parts.board) {
    app.use(limitPages(rateLimits)).use(parts.board);
  }
  const routes = mountedServices(parts).flatMap((service) => service.routes ?? []);
  app.use(bindRoutes(routes, parts.submit, rateLimits));
  app.use(refuseUnrouted(rateLimits));
  return app;
}
