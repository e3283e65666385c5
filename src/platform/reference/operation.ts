// One route as an OpenAPI operation. Called by openapi.ts.
import { STATUS_CODES } from 'node:http';
import { limits } from '#config/limits.ts';
import { permissions } from '../auth/permissions.ts';
import { pendingOperation } from '../commands/submit.ts';
import type { ProblemKind } from '../errors.ts';
import { groupBy } from '../group-by.ts';
import { json, type Route } from '../http/route.ts';
import { problemsOf } from './problems.ts';
import { membersOf, type Components, type Json } from './schemas.ts';

/** A path as OpenAPI writes it: `/api/users/{id}`. */
export function templateOf(path: string): string {
  return path.replaceAll(/:(\w+)/gu, '{$1}');
}

function operationId({ method, path }: Route): string {
  const words = path.replaceAll(/:(\w+)/gu, 'by-$1').match(/[A-Za-z0-9]+/gu) ?? [];
  const named = words.filter((word, index) => index > 0 || word !== 'api');
  return [method, ...named.map((word) => word[0]?.toUpperCase() + word.slice(1))].join('');
}

// What fits into the headers of an answer.
const headerText: Json = { type: 'string', maxLength: 8_192 };
const seconds: Json = { type: 'integer', format: 'int32', minimum: 0, maximum: 86_400 };
const header = (description: string, schema: Json = headerText): Json => ({ description, schema });
const replayedHeader = { 'Idempotency-Replayed': { $ref: '#/components/headers/Idempotency-Replayed' } };
/** What every answer of a route has. */
const usualHeaders = Object.fromEntries(
  ['X-Request-Id', 'RateLimit', 'RateLimit-Policy', 'Access-Control-Allow-Origin'].map((name) => [
    name,
    { $ref: `#/components/headers/${name}` },
  ]),
);

/** Commands whose first answer is kept make a request repeatable; those of a pool may go on without their caller. */
function traits(route: Route): { keyed: boolean; queued: boolean } {
  return {
    keyed: route.commands.some(({ recorded }) => recorded !== false),
    queued: route.commands.some(({ pool }) => pool !== 'direct'),
  };
}

function parametersOf(route: Route, components: Components): Json[] {
  const params = route.params ? membersOf(components.of(route.params, 'input')) : [];
  const named = params.map(({ name }) => `:${name}`).toSorted();
  if (named.join() !== (route.path.match(/:\w+/gu) ?? []).toSorted().join()) {
    throw new Error(`The params of ${route.method} ${route.path} are not those of its path`);
  }
  const query = route.query ? membersOf(components.of(route.query, 'input')) : [];
  const { keyed, queued } = traits(route);
  return [
    ...params.map(({ name, schema }) => ({ name, in: 'path', required: true, schema })),
    ...query.map(({ name, required, schema }) => ({ name, in: 'query', required, schema })),
    ...(keyed ? [{ $ref: '#/components/parameters/Idempotency-Key' }] : []),
    ...(queued ? [{ $ref: '#/components/parameters/Prefer' }] : []),
    ...Object.entries(route.takesHeaders).map(([name, description]) => ({
      name,
      in: 'header',
      description,
      schema: { type: 'string', maxLength: limits.headerChars },
    })),
  ];
}

function successes(route: Route, components: Components): Json {
  const { keyed, queued } = traits(route);
  const headers = {
    ...usualHeaders,
    ...Object.fromEntries(Object.entries(route.givesHeaders).map(([name, sentence]) => [name, header(sentence)])),
    ...(keyed ? replayedHeader : {}),
  };
  const content = route.output && {
    [route.produces]: { schema: components.of(route.output, 'output') },
    ...Object.fromEntries(
      Object.entries(route.alsoProduces).map(([type, shape]) => [type, { schema: components.of(shape, 'output') }]),
    ),
  };
  const answer = (status: number, description: string): [string, Json] => [
    String(status),
    { description, headers, ...(content && status !== 304 ? { content } : {}) },
  ];
  return {
    ...Object.fromEntries([
      answer(route.status, STATUS_CODES[route.status] ?? 'Success'),
      ...Object.entries(route.alsoAnswers).map(([status, when]) => answer(Number(status), when)),
    ]),
    ...(queued
      ? {
          202: {
            description: 'Accepted; it goes on, and Location says where its outcome will be',
            headers: { ...usualHeaders, Location: header('The operation: GET /api/operations/{id}') },
            content: { [json]: { schema: components.of(pendingOperation, 'output') } },
          },
        }
      : {}),
  };
}

const refusalHeaders: Readonly<Record<number, Json>> = {
  401: { 'WWW-Authenticate': header('How to authenticate') },
  429: { 'Retry-After': header('Seconds to wait', seconds) },
  503: { 'Retry-After': header('Seconds to wait', seconds) },
};

function refusal(kinds: readonly ProblemKind[], status: number, keyed: boolean): Json {
  return {
    description: kinds.map(({ code, title }) => `\`${code}\`: ${title}`).join('\n\n'),
    headers: { ...usualHeaders, ...(keyed ? replayedHeader : {}), ...refusalHeaders[status] },
    content: {
      'application/problem+json': {
        schema: {
          allOf: [{ $ref: '#/components/schemas/Problem' }],
          properties: { status: { const: status }, code: { enum: kinds.map(({ code }) => code) } },
        },
      },
    },
  };
}

/** Answers of all statuses. A status that is a success with a body and a problem too (503 of health) has both contents. */
function responsesOf(route: Route, components: Components): Json {
  const responses = successes(route, components) as Record<string, { description: string; content?: Json }>;
  for (const [status, kinds] of groupBy(problemsOf(route), (kind) => kind.status)) {
    const no = refusal(kinds, status, traits(route).keyed) as { description: string; headers: Json; content: Json };
    const yes = responses[status];
    responses[status] = yes
      ? { ...no, description: `${yes.description}\n\n${no.description}`, content: { ...yes.content, ...no.content } }
      : no;
  }
  return responses;
}

function guardOf({ auth }: Route): Json {
  if (auth === 'public') {
    return { security: [], description: 'Open to everybody.' };
  }
  const security = [{ bearer: [] }];
  if (auth === 'user') {
    return { security, description: 'For everybody who is logged in.' };
  }
  const { permission } = auth;
  return {
    security,
    description: `Needs the permission \`${permission}\`: ${permissions[permission]}.`,
    'x-permission': permission,
  };
}

/** A body that is read as it comes. */
function fileBody(types: readonly string[]): Json {
  const schema: Json = { type: 'string', maxLength: limits.importBytes };
  return { required: true, content: Object.fromEntries(types.map((type) => [type, { schema }])) };
}

/** The operation of a route; schemas with a name go to the components. */
export function operationOf(route: Route, tag: string, components: Components): Json {
  return {
    operationId: operationId(route),
    tags: [tag],
    summary: route.summary,
    ...guardOf(route),
    parameters: parametersOf(route, components),
    ...(route.body
      ? {
          requestBody: {
            required: !route.body.safeParse(undefined).success,
            content: { [json]: { schema: components.of(route.body, 'input') } },
          },
        }
      : {}),
    ...(route.accepts.length > 0 ? { requestBody: fileBody(route.accepts) } : {}),
    responses: responsesOf(route, components),
  };
}
