// The reference over HTTP: both documents, the pages, and what each problem means. Bound by http/app.ts; it describes
// itself too.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { problems } from '../errors.ts';
import { ifNoneMatch, isKnown } from '../http/etag.ts';
import { defineRoute, json, type Route, type RouteAnswer } from '../http/route.ts';
import { sha256 } from '../ids.ts';
import type { Service } from '../registry.ts';
import { asyncApiOf } from './asyncapi.ts';
import { openApiOf } from './openapi.ts';
import { docsPage, eventsPage, startScript, styleSheet } from './pages.ts';
import { allProblems } from './problems.ts';
import type { Json } from './schemas.ts';

// Swagger UI sets styles by script, which no policy forbids, and draws its arrows from data: addresses.
const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const require = createRequire(import.meta.url);
const assets = dirname(require.resolve('swagger-ui-dist/package.json'));
const html = 'text/html; charset=utf-8';
const script = 'text/javascript; charset=utf-8';
const style = 'text/css; charset=utf-8';

interface Served {
  readonly path: string;
  readonly summary: string;
  readonly produces: string;
  /** What is sent; asked for only where the client does not have it. */
  readonly content: () => unknown;
  /** Changes with the content. */
  readonly tag: () => string;
  readonly output?: z.ZodType;
  readonly headers: Readonly<Record<string, string>>;
}

/** A route for something that is the same until the process ends; whoever has it gets 304. */
function serve({ path, summary, produces, content, tag, output, headers }: Served): Route {
  let etag: string | undefined;
  return defineRoute({
    method: 'get',
    path,
    summary,
    auth: 'public',
    scope: 'public',
    quiet: true,
    produces,
    output: output ?? z.string(),
    alsoAnswers: { 304: 'Not changed since the ETag of If-None-Match' },
    takesHeaders: ifNoneMatch,
    givesHeaders: { ETag: 'Changes with the content' },
    handle: async ({ header }): Promise<RouteAnswer> => {
      etag ??= `"${tag()}"`;
      const answer = { headers: { ...headers, ETag: etag } };
      return isKnown(header('if-none-match'), etag)
        ? { status: 304, ...answer }
        : { status: 200, body: await content(), ...answer };
    },
  });
}

const always = { 'Cache-Control': 'no-cache' };
const forAnHour = { 'Cache-Control': 'public, max-age=3600' };

function text(
  path: string,
  summary: string,
  produces: string,
  content: () => string,
  headers: Served['headers'],
): Route {
  return serve({ path, summary, produces, content, headers, tag: () => sha256(content()).slice(0, 32) });
}

function asset(name: string, produces: string): Route {
  const file = join(assets, name);
  const { version } = require('swagger-ui-dist/package.json') as { version: string };
  return serve({
    path: `/api/docs/${name}`,
    summary: `A file of the page /api/docs`,
    produces,
    content: async () => await readFile(file),
    tag: () => `${version}-${name}`,
    headers: forAnHour,
  });
}

function described(path: string, summary: string, output: z.ZodType, made: () => Json): Route {
  const tag = (): string => sha256(JSON.stringify(made())).slice(0, 32);
  return serve({ path, summary, produces: json, output, content: made, headers: always, tag });
}

const explained = z.strictObject({
  code: z.string(),
  status: z.int(),
  title: z.string(),
  type: z.string(),
  advice: z.string().describe('What to do about it'),
});

const explainProblem = defineRoute({
  method: 'get',
  path: '/problems/:code',
  summary: 'What a problem code means',
  auth: 'public',
  scope: 'public',
  params: z.strictObject({ code: z.string().max(100) }),
  output: explained,
  problems: [problems.notFound],
  handle: async ({ params }) => {
    const found = allProblems().find(({ code }) => code === params.code);
    if (!found) {
      throw problems.notFound('No problem has this code');
    }
    return await Promise.resolve({ status: 200, body: found });
  },
});

/** What the reference is made from. */
interface Documents {
  readonly openApi: Json;
  readonly asyncApi: Json;
  readonly events: string;
}

function referenceRoutes(documents: () => Documents): Route[] {
  const page = { ...always, 'Content-Security-Policy': pagePolicy };
  const openApi = z.looseObject({ openapi: z.literal('3.1.0') });
  const asyncApi = z.looseObject({ asyncapi: z.literal('3.0.0') });
  return [
    described('/api/openapi.json', 'This API as OpenAPI 3.1', openApi, () => documents().openApi),
    described('/api/asyncapi.json', 'Sockets and events as AsyncAPI 3.0', asyncApi, () => documents().asyncApi),
    text('/api/docs', 'This API for people, to read and to try out', html, () => docsPage, page),
    text('/api/docs/events', 'Events, messages and problems for people', html, () => documents().events, page),
    text('/api/docs/start.js', 'A file of the page /api/docs', script, () => startScript, forAnHour),
    text('/api/docs/page.css', 'A file of the pages', style, () => styleSheet, forAnHour),
    asset('swagger-ui-bundle.js', script),
    asset('swagger-ui.css', style),
    asset('favicon-32x32.png', 'image/png'),
    explainProblem,
  ];
}

/** The reference of these services and of itself. `hasSockets`: this process has the socket door. */
export function referenceOf(services: readonly Service[], hasSockets: boolean): Service {
  const reference: Service = { name: 'reference', routes: referenceRoutes(() => documents) };
  const asyncApi = asyncApiOf(hasSockets);
  const documents: Documents = {
    openApi: openApiOf([...services, reference]),
    asyncApi,
    events: eventsPage(asyncApi, allProblems()),
  };
  return reference;
}
