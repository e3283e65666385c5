// The two documents: valid by the schemas of their makers, and about what is mounted, no more and no less.
import assert from 'node:assert/strict';
import { Validator } from '@seriousme/openapi-schema-validator';
import specs from '@asyncapi/specs';
import { Ajv } from 'ajv';
import { describe, it } from 'mocha';
import { z } from 'zod';
import { buildRegistry } from '#src/app.ts';
import { problemCatalogue } from '#src/platform/errors.ts';
import { eventCatalogue, eventFamilies } from '#src/platform/events/event.ts';
import { createApp, mountedServices } from '#src/platform/http/app.ts';
import { defineRoute } from '#src/platform/http/route.ts';
import { asyncApiOf } from '#src/platform/reference/asyncapi.ts';
import { openApiOf } from '#src/platform/reference/openapi.ts';
import { Components } from '#src/platform/reference/schemas.ts';
import type { Registry, Service } from '#src/platform/registry.ts';
import { services } from '#src/services/index.ts';

interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly responses: Record<string, { content?: Record<string, { schema: { properties?: { code?: unknown } } }> }>;
  readonly parameters: readonly { $ref?: string; name?: string }[];
  readonly 'x-permission'?: string;
}

interface OpenApi {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly tags: readonly { name: string }[];
  readonly components: { readonly schemas: Record<string, unknown> };
  readonly 'x-problems': readonly { code: string; status: number; type: string }[];
}

const parts = (registry: Registry) => ({ registry, health: {} as never, submit: {} as never, sockets: true });
const documentOf = (services: readonly Service[]): OpenApi => openApiOf(services) as unknown as OpenApi;
const all = buildRegistry();
const document = documentOf(mountedServices(parts(all)));
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, operation })),
);
const operationAt = (name: string): Operation => {
  const found = operations.find((each) => each.name === name);
  assert.ok(found, `${name} is not documented`);
  return found.operation;
};
/** The documented codes of an operation, by status. */
const codesOf = ({ responses }: Operation): Record<string, string[]> =>
  Object.fromEntries(
    Object.entries(responses).flatMap(([status, { content }]) => {
      const code = content?.['application/problem+json']?.schema.properties?.code as { enum: string[] } | undefined;
      return code ? [[status, code.enum]] : [];
    }),
  );

/** What the router of an application really holds, as OpenAPI writes it. */
function mountedAt(registry: Registry): string[] {
  type Layer = { path: string; methods: string[] };
  const { middleware } = createApp(parts(registry));
  const routers = middleware.flatMap((one) => ('router' in one ? [one.router as { stack: Layer[] }] : []));
  assert.equal(routers.length, 1);
  return (routers[0]?.stack ?? []).flatMap(({ path, methods }) =>
    methods
      .filter((method) => method !== 'HEAD')
      .map((method) => `${method.toLowerCase()} ${path.replaceAll(/:(\w+)/gu, '{$1}')}`),
  );
}

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1', async () => {
    const { valid, errors } = await new Validator().validate(structuredClone(document) as never);
    assert.ok(valid, JSON.stringify(errors));
  });

  it('has every path that is mounted, and no other', () => {
    const documented = operations.map(({ name }) => name);
    assert.deepEqual(documented.toSorted(), mountedAt(all).toSorted());
    for (const name of ['get /api/health', 'get /.well-known/jwks.json', 'get /api/docs', 'get /api/operations/{id}']) {
      assert.ok(documented.includes(name), name);
    }
  });

  it('tells of the services of this process alone', () => {
    const some = buildRegistry(['auth']);
    const { paths, tags } = documentOf(mountedServices(parts(some)));
    assert.ok('/api/auth/login' in paths);
    assert.ok(!('/api/gamification/xp/add' in paths));
    const named = new Set(tags.map(({ name }) => name));
    // What belongs to the platform is everywhere.
    assert.deepEqual(
      services.map(({ name }) => name).filter((name) => named.has(name)),
      ['auth'],
    );
    assert.ok(named.has('operations'));
  });

  it('names each operation once, under its service, with a success and what may go wrong', () => {
    const ids = operations.map(({ operation }) => operation.operationId);
    assert.equal(new Set(ids).size, ids.length);
    for (const { name, operation } of operations) {
      assert.equal(operation.tags.length, 1, name);
      const statuses = Object.keys(operation.responses);
      assert.ok(
        statuses.some((status) => status.startsWith('2')),
        `${name} has no success`,
      );
      assert.ok(statuses.includes('503') && statuses.includes('500'), name);
    }
  });

  it('derives what a queued, guarded command can answer', () => {
    const grant = operationAt('post /api/gamification/xp/add');
    assert.equal(grant['x-permission'], 'xp.grant');
    assert.deepEqual(Object.keys(grant.responses), [
      '201',
      '202',
      '400',
      '401',
      '403',
      '404',
      '413',
      '415',
      '422',
      '429',
      '500',
      '503',
    ]);
    assert.deepEqual(codesOf(grant)['403'], ['auth.forbidden', 'gamification.correction-forbidden']);
    assert.deepEqual(codesOf(grant)['422'], ['idempotency.body-differs', 'request.invalid']);
    assert.deepEqual(
      grant.parameters.map(({ $ref }) => $ref?.split('/').at(-1)),
      ['Idempotency-Key', 'Prefer'],
    );
  });

  it('promises no repeat where the answer holds tokens, and no body with 204', () => {
    const register = operationAt('post /api/auth/register');
    assert.deepEqual(register.parameters, []);
    assert.deepEqual(codesOf(register)['409'], ['auth.email-taken', 'request.conflict']);
    assert.equal(operationAt('post /api/auth/logout').responses['204']?.content, undefined);
  });

  it('has the whole catalogue of problems, and no code that is not in it', () => {
    const table = document['x-problems'].map(({ code }) => code);
    assert.deepEqual(table, [...problemCatalogue.keys()].toSorted());
    for (const { name, operation } of operations) {
      for (const [status, codes] of Object.entries(codesOf(operation))) {
        for (const code of codes) {
          assert.equal(String(problemCatalogue.get(code)?.status), status, `${code} of ${name}`);
        }
      }
    }
  });

  it('has every code of the catalogue at some operation: what is thrown is named', () => {
    const named = new Set(operations.flatMap(({ operation }) => Object.values(codesOf(operation)).flat()));
    const silent = [...problemCatalogue.keys()].filter((code) => !named.has(code));
    // What a path answers to methods it lacks is no operation's; 412 and 428 are there for whoever takes If-Match; pages
    // under /admin are not part of the API.
    const preconditions = ['request.precondition-failed', 'request.precondition-required'];
    const general = [
      'request.method-not-allowed',
      'request.headers-too-large',
      ...preconditions,
      'admin.cross-site',
      'auth.code-needed',
    ];
    // What only single lines of imported files are refused with stands in their reports.
    const reported = ['bad-encoding', 'not-json', 'columns', 'outcome-lost'].map((name) => `import.${name}`);
    const elsewhere = [...general, ...reported, 'gamification.source-differs'];
    assert.deepEqual(
      silent.filter((code) => !elsewhere.includes(code)),
      [],
    );
  });

  it('is refused where a path and its params differ', () => {
    const route = defineRoute({
      method: 'get',
      path: '/api/things/:id',
      summary: 'A thing',
      auth: 'public',
      scope: 'public',
      output: z.unknown(),
      handle: async () => await Promise.resolve({ status: 200 }),
    });
    assert.throws(() => openApiOf([{ name: 'thing', routes: [route] }]), /params of get \/api\/things\/:id/u);
  });

  it('lets one name stand for one shape', () => {
    const components = new Components('draft-2020-12');
    const thing = z.strictObject({ a: z.string().default('x') }).meta({ id: 'Thing' });
    assert.deepEqual(components.of(z.array(thing), 'output')['items'], { $ref: '#/components/schemas/Thing' });
    components.of(z.strictObject({ again: thing }), 'output');
    assert.throws(() => components.of(z.array(thing), 'input'), /Two shapes have the name Thing/u);
  });
});

interface AsyncApi {
  readonly channels?: { readonly socket: { readonly messages: Record<string, unknown> } };
  readonly operations?: Record<string, { action: string; messages: { $ref: string }[] }>;
  readonly components: { readonly messages: Record<string, { payload: unknown }> };
}

describe('the AsyncAPI document', () => {
  const sockets = asyncApiOf(true) as unknown as AsyncApi;

  it('is valid AsyncAPI 3.0', () => {
    const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true, meta: false, validateSchema: false });
    const valid = ajv.compile(specs.schemas['3.0.0'] as object);
    for (const document of [sockets, asyncApiOf(false)]) {
      assert.ok(valid(document), JSON.stringify(valid.errors?.slice(0, 3)));
    }
  });

  it('has every event type and family, and every message in an operation', () => {
    const messages = Object.keys(sockets.components.messages);
    const events = messages.filter((name) => name.startsWith('event.'));
    assert.deepEqual(events.toSorted(), [...eventCatalogue.keys()].map((type) => `event.${type}`).toSorted());
    const families = messages.filter((name) => name.startsWith('events.'));
    assert.deepEqual(
      families,
      [...eventFamilies.keys()].map((name) => `events.${name}`),
    );
    const referred = JSON.stringify(sockets.operations);
    for (const name of messages) {
      assert.ok(referred.includes(`"#/channels/socket/messages/${name}"`), name);
    }
    assert.deepEqual(Object.keys(sockets.channels?.socket.messages ?? {}).toSorted(), messages.toSorted());
  });

  it('refers to nothing that is not there', () => {
    const at = (pointer: string): unknown =>
      pointer
        .slice(2)
        .split('/')
        .reduce<unknown>((value, step) => (value as Record<string, unknown> | undefined)?.[step], sockets);
    for (const [, pointer] of JSON.stringify(sockets).matchAll(/"\$ref":"([^"]+)"/gu)) {
      assert.ok(at(pointer ?? ''), pointer);
    }
  });

  it('tells of events alone where there is no socket', () => {
    const without = asyncApiOf(false) as unknown as AsyncApi;
    assert.equal(without.channels, undefined);
    assert.ok('event.xp.added' in without.components.messages);
    assert.ok(!('hello' in without.components.messages));
  });

  it('names refusals of the catalogue', () => {
    for (const [, codes] of JSON.stringify(sockets).matchAll(/"x-problems":(\[[^\]]+\])/gu)) {
      for (const code of JSON.parse(codes ?? '[]') as string[]) {
        assert.ok(problemCatalogue.has(code), code);
      }
    }
  });
});
