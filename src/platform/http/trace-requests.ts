// One span for each request, where somebody traces. In the chain of app.ts after the request has its id.
import type { Context, Next } from 'koa';
import { startSpan } from '../tracing/spans.ts';

// Asked every few seconds by machines.
const unobserved = /^\/(?:metrics$|api\/health)/u;

/** Continues the caller's trace, or begins one; rows of the request carry it on. */
export async function traceRequests(ctx: Context, next: Next): Promise<void> {
  const span = unobserved.test(ctx.path)
    ? undefined
    : startSpan(ctx.method, {
        kind: 'server',
        parent: ctx.state['traceparent'] as string | undefined,
        facts: { 'http.request.method': ctx.method, 'brain.request_id': String(ctx.state['requestId']) },
      });
  if (!span) {
    await next();
    return;
  }
  ctx.state['traceparent'] = span.traceparent;
  await next();
  const route = (ctx.state['route'] as string | undefined) ?? 'none';
  span.tell(`${ctx.method} ${route}`, { 'http.route': route, 'http.response.status_code': ctx.status });
  span.end(ctx.status >= 500 ? String(ctx.status) : undefined);
}
