// Names each request: the id its logs, rows and events carry, and the trace it belongs to. First in the chain of app.ts.
import type { Context, Next } from 'koa';
import { newId } from '../ids.ts';

const acceptable = /^[A-Za-z0-9._-]{1,128}$/u;
// W3C Trace Context: version-trace-parent-flags; all zeros mean "none", version ff is forbidden.
const traced = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/u;

/** A header's value, or undefined where it is missing. Of a header that came twice, the joined text. */
export function headerOf(ctx: Context, name: string): string | undefined {
  const value = ctx.req.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

/** Takes `X-Request-Id` or makes one, returns it always, and keeps a well-formed `traceparent`. */
export async function identifyRequest(ctx: Context, next: Next): Promise<void> {
  const given = headerOf(ctx, 'x-request-id');
  const requestId = given !== undefined && acceptable.test(given) ? given : newId();
  const trace = headerOf(ctx, 'traceparent');
  ctx.state['requestId'] = requestId;
  ctx.state['traceparent'] = trace !== undefined && traced.test(trace) ? trace : undefined;
  ctx.set('X-Request-Id', requestId);
  await next();
}
