// One line, and one measurement, for each request after its answer is known. Second in the chain of app.ts.
import type { Context, Next } from 'koa';
import { logFor } from '../log.ts';
import { observeRequest } from '../metrics/metrics.ts';

const log = logFor('http');

/** Measures, and logs method, path, status, time and who asked; a success of a route that is `quiet` only at debug. */
export async function logRequests(ctx: Context, next: Next): Promise<void> {
  const start = performance.now();
  await next();
  const took = performance.now() - start;
  observeRequest(ctx.state['route'] as string | undefined, ctx.method, ctx.status, took);
  const level = ctx.state['quiet'] === true && ctx.status < 400 ? 'debug' : 'info';
  if (!log.isLevelEnabled(level)) {
    return;
  }
  log[level](
    {
      method: ctx.method,
      path: ctx.path,
      status: ctx.status,
      ms: Math.round(took * 10) / 10,
      requestId: ctx.state['requestId'],
      userId: ctx.state['caller']?.userId,
    },
    'Request',
  );
}
