// Routes about things that do nothing but answer in every way a route may: what the HTTP door is tested with.
import { z } from 'zod';
import { defineCommand } from '#src/platform/commands/command.ts';
import { problems } from '#src/platform/errors.ts';
import { defineRoute } from '#src/platform/http/route.ts';

/** What the route of one thing was told of each request. */
export const seen: { traceparent: string | undefined; ip: string }[] = [];

const makeThing = defineCommand({
  kind: 'thing.thing.make',
  pool: 'direct',
  input: z.unknown(),
  key: () => 'thing',
  load: async () => await Promise.resolve(),
  decide: () => ({ result: null }),
});

/** The routes. */
export const routes = [
  defineRoute({
    method: 'get',
    path: '/api/things/:id',
    summary: 'One thing',
    auth: 'public',
    scope: 'public',
    output: z.unknown(),
    params: z.strictObject({ id: z.string().max(8) }),
    query: z.strictObject({ n: z.coerce.number().int().default(1) }),
    handle: async ({ params, query, traceparent, ip }) => {
      seen.push({ traceparent, ip });
      return await Promise.resolve({ status: 200, body: { ...params, ...query }, headers: { ETag: '"1"' } });
    },
  }),
  defineRoute({
    method: 'post',
    path: '/api/things/create',
    summary: 'A new thing',
    auth: 'public',
    scope: 'public',
    output: z.unknown(),
    body: z.strictObject({ name: z.string().min(1), tags: z.array(z.string()).optional() }),
    status: 201,
    commands: [makeThing],
    handle: async ({ body, submit }) => await submit(makeThing, body),
  }),
  defineRoute({
    method: 'post',
    path: '/api/things/undo',
    summary: 'Does a command it does not name',
    auth: 'public',
    scope: 'public',
    output: z.unknown(),
    handle: async ({ submit }) => await submit(makeThing, null),
  }),
  defineRoute({
    method: 'get',
    path: '/api/things/newest',
    summary: 'The newest thing',
    auth: 'public',
    scope: 'public',
    output: z.unknown(),
    handle: async () => await Promise.resolve({ status: 200, body: { newest: true } }),
  }),
  defineRoute({
    method: 'get',
    path: '/api/things.csv',
    summary: 'All things as text',
    auth: 'public',
    scope: 'public',
    output: z.unknown(),
    produces: 'text/csv',
    handle: async () => await Promise.resolve({ status: 200, body: 'id,name\n1,"a"\n' }),
  }),
  defineRoute({
    method: 'delete',
    path: '/api/things/:id',
    summary: 'No thing',
    auth: 'public',
    scope: 'public',
    params: z.strictObject({ id: z.string() }),
    status: 204,
    handle: async () => await Promise.resolve({ status: 204 }),
  }),
  defineRoute({
    method: 'get',
    path: '/api/secret',
    summary: 'For users',
    auth: 'user',
    scope: 'self',
    output: z.unknown(),
    handle: async () => await Promise.resolve({ status: 200 }),
  }),
  defineRoute({
    method: 'get',
    path: '/api/broken',
    summary: 'Throws',
    auth: 'public',
    scope: 'public',
    output: z.unknown(),
    handle: () => {
      throw new Error('the database password is hunter2');
    },
  }),
  defineRoute({
    method: 'get',
    path: '/api/busy',
    summary: 'Is not available',
    auth: 'public',
    scope: 'public',
    output: z.unknown(),
    handle: () => {
      throw problems.unavailable(undefined, { headers: { 'Retry-After': '7' }, extensions: { queue: 'x' } });
    },
  }),
];
