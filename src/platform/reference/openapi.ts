// The OpenAPI 3.1 document of what a process has mounted. Made once, when the application is built.
import { z } from 'zod';
import { config } from '#config/env.ts';
import { limits } from '#config/limits.ts';
import { sentProblem } from '../http/problem.ts';
import { version } from '../http/health.ts';
import type { Service } from '../registry.ts';
import { operationOf, templateOf } from './operation.ts';
import { allProblems } from './problems.ts';
import { Components, type Json } from './schemas.ts';

const introduction = `One self-hosted backend for start-up communities.

Errors are RFC 9457 problems with a stable \`code\`; \`GET /problems/{code}\` says what each means. A path that exists
answers a method it lacks with 405 and \`Allow\`; HEAD goes wherever GET goes. Lists are pages:
\`{data, page: {nextCursor, hasMore}}\`. Objects of later versions may have further members.

Sockets are described at [/api/asyncapi.json](/api/asyncapi.json); events, socket messages and problem codes are listed
at [/api/docs/events](/api/docs/events).`;

const parameters = {
  'Idempotency-Key': {
    name: 'Idempotency-Key',
    in: 'header',
    description: 'Makes the request repeatable: the first answer, a refusal too, is kept for a day and given again',
    schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,255}$', maxLength: 255 },
  },
  Prefer: {
    name: 'Prefer',
    in: 'header',
    description: '`wait=<seconds>`: how long to wait for the outcome (5); `respond-async`: 202 at once',
    schema: { type: 'string', maxLength: limits.headerChars },
  },
};

const headers = {
  'X-Request-Id': {
    description: 'The id of the request, yours or a new one: found again in logs, operations and events',
    schema: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,128}$', maxLength: 128 },
  },
  'Access-Control-Allow-Origin': {
    description: 'The origin of the page that asks, where it is one of those that may (`CORS_ORIGINS`)',
    schema: { type: 'string', format: 'uri', maxLength: 2_048 },
  },
  RateLimit: {
    description: 'The limit of which least is left: its name, requests left (`r`), seconds until it begins anew (`t`)',
    schema: { type: 'string', pattern: '^"[a-z-]+";r=\\d+;t=\\d+$', maxLength: 100 },
  },
  'RateLimit-Policy': {
    description: 'The limits that count: for each its name, how many requests (`q`) in how many seconds (`w`)',
    schema: { type: 'string', pattern: '^"[a-z-]+";q=\\d+;w=\\d+(, "[a-z-]+";q=\\d+;w=\\d+)*$', maxLength: 200 },
  },
  'Idempotency-Replayed': {
    description: 'The answer was given before under this Idempotency-Key',
    schema: { type: 'string', enum: ['true'] },
  },
};

/** The document. `services` are those whose routes are mounted, the platform's own among them. */
export function openApiOf(services: readonly Service[]): Json {
  const components = new Components('draft-2020-12');
  components.of(z.array(sentProblem), 'output');
  const paths: Record<string, Json> = {};
  for (const service of services) {
    for (const route of service.routes ?? []) {
      const path = (paths[templateOf(route.path)] ??= {});
      path[route.method] = operationOf(route, service.name, components);
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'SmartStart Brain',
      version,
      description: introduction,
      contact: { name: 'Whoever runs this installation' },
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [
      {
        url: '/',
        description: config.nodeEnv === 'production' ? 'This installation, in production' : 'This local installation',
        'x-internal': false,
      },
    ],
    tags: services.filter(({ routes }) => routes?.length).map(({ name }) => ({ name })),
    paths,
    components: {
      schemas: components.schemas,
      parameters,
      headers,
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description:
            'The `accessToken` that `POST /api/auth/login` answers with: ES256, checked by RFC 8725 (RFC8725), 10 minutes; ' +
            'or, outside /api/auth, an API key (`ssk_…`)',
        },
      },
    },
    'x-problems': allProblems(),
  };
}
