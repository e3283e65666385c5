// Binds routes to @koa/router: who may, the body, what fits, then the route's own `handle`. Called by app.ts.
import Router from '@koa/router';
import type { Context, Middleware } from 'koa';
import { z } from 'zod';
import { limits } from '#config/limits.ts';
import type { Submit } from '../commands/submit.ts';
import { problems, type FieldProblem } from '../errors.ts';
import { groupBy } from '../group-by.ts';
import { allowLonger } from './answer-in-time.ts';
import { authenticate, nobody } from './authenticate.ts';
import { readBody } from './body.ts';
import { admitUpload, type Upload } from './upload.ts';
import { fieldProblems, pointerTo } from './problem.ts';
import type { Gates, RateLimits } from './rate-limit.ts';
import { headerOf } from './request-id.ts';
import { headersOf, json, type Caller, type Route, type RouteRequest } from './route.ts';

/** Finds out who asks, whether they ask too often, and whether the route is for them. */
function admit(route: Route, gates: Gates): Middleware {
  const { auth } = route;
  return async (ctx, next) => {
    ctx.state['quiet'] = route.quiet;
    ctx.state['route'] = route.path;
    if (route.mayTakeMs > 0) {
      allowLonger(ctx, route.mayTakeMs);
    }
    // Most classes answer at once: waiting for nothing would cost each request a turn.
    const counted = gates.address(ctx);
    if (counted) {
      await counted;
    }
    if (auth !== 'public') {
      const caller = await authenticate(headerOf(ctx, 'authorization'));
      if (caller.apiKey !== undefined) {
        admitKey(route, caller);
      }
      ctx.state['caller'] = caller;
      const countedToo = gates.account(ctx, caller.userId);
      if (countedToo) {
        await countedToo;
      }
      if (auth !== 'user' && !caller.can(auth.permission)) {
        throw problems.forbidden(`This needs the permission ${auth.permission}`);
      }
    }
    await next();
  };
}

/** How one logs in is never a key's business, and being logged in is only where its scopes say so. */
function admitKey({ auth, method, path }: Route, caller: Caller): void {
  if (path.startsWith('/api/auth/')) {
    throw problems.forbidden('An API key does not do here; log in');
  }
  const scope = method === 'get' ? 'self.read' : 'self.write';
  if (auth === 'user' && !caller.can(scope)) {
    throw problems.forbidden(`This needs the scope ${scope} of the API key`);
  }
}

function parsePart(schema: z.ZodType | undefined, part: string, value: unknown, errors: FieldProblem[]): unknown {
  if (!schema) {
    return undefined;
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    errors.push(...fieldProblems(part, parsed.error));
  }
  return parsed.data;
}

// A route that takes no query refuses one: what is not read must not look as if it were.
const nothing = z.strictObject({});

/** Headers that a route reads have a bound as any input has. */
function checkHeaders(route: Route, ctx: Context, errors: FieldProblem[]): void {
  for (const name of headersOf(route)) {
    if ((headerOf(ctx, name.toLowerCase())?.length ?? 0) > limits.headerChars) {
      const detail = `May have ${limits.headerChars} characters`;
      errors.push({ pointer: pointerTo('headers', [name]), code: 'too_big', detail });
    }
  }
}

function goneSignal({ res }: Context): AbortSignal {
  const gone = new AbortController();
  // It closes after an answer, too: nobody listens any more then.
  res.once('close', () => gone.abort());
  return res.destroyed ? AbortSignal.abort() : gone.signal;
}

function parseRequest(route: Route, ctx: Context, submit: Submit): RouteRequest<never, never, never> {
  const errors: FieldProblem[] = [];
  const params = parsePart(route.params, 'params', ctx['params'], errors);
  const query = parsePart(route.query ?? nothing, 'query', { ...ctx.query }, errors);
  const body = parsePart(route.body, 'body', ctx.request.body, errors);
  checkHeaders(route, ctx, errors);
  if (errors.length > 0) {
    throw problems.invalid(undefined, { errors });
  }
  const request = {
    params,
    query,
    body,
    upload: ctx.state['upload'] as Upload | undefined,
    caller: (ctx.state['caller'] as Caller | undefined) ?? nobody,
    requestId: ctx.state['requestId'] as string,
    traceparent: ctx.state['traceparent'] as string | undefined,
    header: (name: string) => headerOf(ctx, name),
    // Read now: an accessor in this literal would cost each request 28 µs.
    ip: ctx.ip,
    gone: () => goneSignal(ctx),
    submit: async <Input>(
      command: Parameters<typeof submit<Input>>[1],
      input: Input,
      status = route.status,
      key?: string,
    ) => {
      if (!route.commands.some(({ kind }) => kind === command.kind)) {
        throw new Error(`${route.method} ${route.path} does not name ${command.kind} among its commands`);
      }
      return await submit(key === undefined ? request : { ...request, key }, command, input, status);
    },
  };
  return request as RouteRequest<never, never, never>;
}

function run(route: Route, submit: Submit): Middleware {
  return async (ctx) => {
    const answer = await route.handle(parseRequest(route, ctx, submit));
    ctx.status = answer.status;
    ctx.set('Cache-Control', 'no-store');
    if (answer.headers) {
      ctx.set({ ...answer.headers });
    }
    if (answer.body !== undefined) {
      ctx.body = route.produces === json ? JSON.stringify(answer.body) : answer.body;
      ctx.type = answer.type ?? route.produces;
    }
  };
}

/** The beginning of a path, such as `/api/users` or `/problems`: no route has a parameter in it. */
function areaOf(path: string): string {
  return /^\/(?:api\/)?[^/]*/u.exec(path.toLowerCase())?.[0] ?? '';
}

/** Where a router's middleware says what it holds, as @koa/router's own does. */
interface Held {
  readonly router: { readonly stack: Router['stack'] };
}

/**
 * All routes as one middleware. Of two paths that fit, the one with fewer parameters answers. A router for each area of
 * paths, because a router tries each of its paths on every request.
 */
export function bindRoutes(routes: readonly Route[], submit: Submit, limits: RateLimits): Middleware & Held {
  const astray = routes.find(({ path }) => areaOf(path).includes(':'));
  if (astray) {
    throw new Error(`The route ${astray.path} has a parameter where its path begins`);
  }
  const areas = groupBy(routes, ({ path }) => areaOf(path));
  const routers = new Map([...areas].map(([area, group]) => [area, routerOf(group, submit, limits)]));
  const handlers = new Map([...routers].map(([area, router]) => [area, router.routes() as unknown as Middleware]));
  const handle: Middleware = async (ctx, next) => await (handlers.get(areaOf(ctx.path))?.(ctx, next) ?? next());
  return Object.assign(handle, { router: { stack: [...routers.values()].flatMap(({ stack }) => stack) } });
}

function routerOf(routes: readonly Route[], submit: Submit, limits: RateLimits): Router {
  const router = new Router({ exclusive: 'specificity' });
  const taken = new Set<string>();
  for (const route of routes) {
    const name = `${route.method} ${route.path}`;
    if (taken.has(name)) {
      throw new Error(`The route ${name} is defined twice`);
    }
    taken.add(name);
    const reads = [
      ...(route.body ? [readBody] : []),
      ...(route.accepts.length > 0 ? [admitUpload(route.accepts)] : []),
    ];
    router.register(route.path, [route.method], [admit(route, limits[route.limit]), ...reads, run(route, submit)]);
  }
  return router;
}

/**
 * What no route took: 404, or for a path that other methods take 405 with `Allow`, and for OPTIONS that list alone.
 * Knows every method, TRACE too. Counted like reading.
 */
export function refuseUnrouted({ read }: RateLimits): Middleware {
  return async (ctx) => {
    await read.address(ctx);
    const layers = (ctx['matched'] ?? []) as readonly { methods: readonly string[] }[];
    const methods = new Set(layers.flatMap((layer) => layer.methods));
    if (methods.size === 0) {
      throw problems.notFound('No such path; /api/docs lists those there are');
    }
    const allow = [...methods, 'OPTIONS'].sort().join(', ');
    if (ctx.method !== 'OPTIONS') {
      throw problems.methodNotAllowed(`${ctx.path} takes ${allow}`, { headers: { Allow: allow } });
    }
    ctx.status = 204;
    ctx.set('Allow', allow);
    ctx.set('Cache-Control', 'no-store');
  };
}
