// What the door takes as a body, over a real server on a free port.
import assert from 'node:assert/strict';
import type { Server } from 'node:http';
import { gzipSync } from 'node:zlib';
import { after, before, describe, it } from 'mocha';
import { z } from 'zod';
import { limits } from '#config/limits.ts';
import { defineRoute } from '#src/platform/http/route.ts';
import { createRegistry } from '#src/platform/registry.ts';
import { listen, problemOf, send, sendRaw, type Reply } from '../../../support/http.ts';

const route = defineRoute({
  method: 'post',
  path: '/api/things',
  summary: 'A new thing',
  auth: 'public',
  scope: 'public',
  body: z.strictObject({ name: z.string().min(1) }),
  status: 201,
  output: z.unknown(),
  handle: async ({ body }) => await Promise.resolve({ status: 201, body }),
});

describe('bodies', () => {
  let server: Server;
  let url: string;
  const post = async (body: unknown, headers: Record<string, string> = {}): Promise<Reply> =>
    await send(url, 'POST', '/api/things', { body, headers });

  before(async () => {
    ({ url, server } = await listen({
      registry: createRegistry([{ name: 'thing', routes: [route] }]),
      submit: async () => await Promise.reject(new Error('nobody submits here')),
      health: {
        redis: async () => await Promise.resolve(true),
        poolStates: async () => await Promise.resolve({}),
      },
    }));
  });
  after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('answers 400 to what MongoDB cannot keep, wherever in the body it is', async () => {
    const deep = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
    for (const body of [
      '{"name":"x","a\\u0000b":1}',
      '{"name":[{"_bsontype":"Long"}]}',
      '{"name":"x","$ref":"a","$id":"b"}',
      '{"name":[{"$id":1,"$ref":"a","$db":"c","d":1}]}',
      deep(limits.bodyDepth + 1),
    ]) {
      assert.equal(problemOf(await post(body)).code, 'request.malformed', body);
    }
    assert.equal(problemOf(await post(deep(limits.bodyDepth))).code, 'request.invalid');
    assert.equal((await post('{"name":"a\\u0000b"}')).status, 201);
    for (const body of ['{"name":{"$cel":"1"}}', '{"name":{"$ref":"a"}}', '{"name":[{"$ref":"a"},{"$id":"b"}]}']) {
      assert.equal(problemOf(await post(body)).code, 'request.invalid', body);
    }
  });

  it('answers 400 to what is not JSON, and to __proto__', async () => {
    for (const body of [
      '{',
      '{"name":"x"',
      '"text"',
      '3',
      'null',
      'name=x',
      '{"__proto__":{"isAdmin":true},"name":"x"}',
      '{"name":"x","constructor":{"prototype":{"a":1}}}',
    ]) {
      const reply = await post(body);
      assert.equal(problemOf(reply).status, body.includes('constructor') ? reply.status : 400, body);
      assert.ok([400, 422].includes(reply.status), body);
      assert.equal(({} as { isAdmin?: boolean }).isAdmin, undefined);
    }
  });

  it('says which name it does not take', async () => {
    const { detail } = problemOf(await post('{"name":"x","more":{"__proto__":1}}'));
    assert.equal(detail, 'A name such as __proto__ cannot be kept');
  });

  it('answers 415 to bodies of other types, charsets and encodings', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/xml',
      'application/vnd.api+json',
      'application/json; charset=utf-16',
      'application/jsonp',
      '',
    ]) {
      assert.equal(
        problemOf(await post('{"name":"x"}', { 'content-type': type })).code,
        'request.unsupported-media-type',
        type,
      );
    }
    const odd = await post('{"name":"x"}', { 'content-encoding': 'snappy' });
    assert.equal(problemOf(odd).code, 'request.unsupported-media-type');
    for (const type of ['application/json', 'application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"']) {
      assert.equal((await post('{"name":"x"}', { 'content-type': type })).status, 201, type);
    }
  });

  it('answers 413 to bodies that are too large: announced, chunked or packed', async () => {
    const large = JSON.stringify({ name: 'x'.repeat(limits.bodyBytes) });
    assert.equal(problemOf(await post(large)).code, 'request.too-large');
    const chunked = await sendRaw(url, {
      method: 'POST',
      path: '/api/things',
      headers: { 'content-type': 'application/json' },
      chunks: [large.slice(0, 1_000), large.slice(1_000)],
    });
    assert.equal(chunked.status, 413);
    const bomb = await fetch(`${url}/api/things`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body: gzipSync(large),
    });
    assert.equal(bomb.status, 413);
    const just = JSON.stringify({ name: 'x'.repeat(limits.bodyBytes - 11) });
    assert.equal(just.length, limits.bodyBytes);
    assert.equal((await post(just)).status, 201);
  });
});
