// What tests of portfolios and résumés ask the API.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Ajv } from 'ajv';
import { z } from 'zod';
import type { LoggedIn } from './accounts.ts';
import type { Reply, TestServer } from './http.ts';

const require = createRequire(import.meta.url);
const folder = dirname(require.resolve('@jsonresume/schema/schema.json'));
/** A file of the published schema. */
export const jsonOf = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(folder, name), 'utf8')) as Record<string, unknown>;
/** True for a résumé of the schema. */
export const isResume = new Ajv({ strict: false, validateFormats: false }).compile(jsonOf('schema.json'));

/** An item as it is answered. */
export const itemShape = z.looseObject({ id: z.string(), kind: z.string(), visibility: z.string().optional() });
const pageShape = z.strictObject({
  data: z.array(itemShape),
  page: z.strictObject({ nextCursor: z.string().nullable(), hasMore: z.boolean() }),
});
type Entries = Readonly<Record<string, unknown>>[];

/** The sections of a résumé, without what tells of the résumé itself or of its owner. */
export function saidIn(resume: Record<string, unknown>): Record<string, Entries> {
  const sections = Object.entries(resume).filter(([name]) => !['$schema', 'basics', 'meta'].includes(name));
  return Object.fromEntries(sections) as Record<string, Entries>;
}

/** The requests about portfolios, against a server. */
export function portfolioCalls(server: TestServer) {
  const pathOf = (who: LoggedIn, rest = ''): string => `/api/users/${who.user.id}${rest}`;
  const call = async (method: string, who: LoggedIn, path: string, body?: unknown): Promise<Reply> =>
    await server.call(method, path, { token: who.accessToken, ...(body === undefined ? {} : { body }) });
  const add = async (who: LoggedIn, item: object): Promise<Reply> =>
    await call('POST', who, pathOf(who, '/portfolio'), { kind: 'work', ...item });
  const itemsOf = async (owner: LoggedIn, viewer = owner, query = '') =>
    pageShape.parse((await call('GET', viewer, pathOf(owner, `/portfolio${query}`))).body);
  const titles = async (owner: LoggedIn, viewer = owner): Promise<unknown[]> =>
    (await itemsOf(owner, viewer)).data.map((item) => item['title']);
  const exported = async (owner: LoggedIn, viewer = owner): Promise<Record<string, unknown>> => {
    const { status, body } = await call('GET', viewer, pathOf(owner, '/resume'));
    assert.equal(status, 200);
    assert.ok(isResume(body), JSON.stringify(isResume.errors));
    return body as Record<string, unknown>;
  };
  const imported = async (who: LoggedIn, resume: unknown): Promise<Reply> =>
    await call('POST', who, pathOf(who, '/resume'), resume);
  return { pathOf, call, add, itemsOf, titles, exported, imported };
}
