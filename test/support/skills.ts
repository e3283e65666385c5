// What tests of skills ask the API, and the shapes it must answer in.
import mongoose, { type mongo } from 'mongoose';
import { z } from 'zod';
import type { LoggedIn } from './accounts.ts';
import type { Reply, TestServer } from './http.ts';

const page = z.strictObject({ nextCursor: z.string().nullable(), hasMore: z.boolean() });
const skillPage = z.strictObject({
  data: z.array(
    z.strictObject({
      slug: z.string(),
      name: z.string(),
      level: z.string().optional(),
      years: z.int().optional(),
      keywords: z.array(z.string()).optional(),
      visibility: z.string().optional(),
      endorsements: z.int(),
      endorsedByYou: z.boolean(),
    }),
  ),
  page,
  asOf: z.iso.datetime(),
});
const endorsementPage = z.strictObject({
  data: z.array(
    z.strictObject({
      by: z.strictObject({ id: z.string(), name: z.string() }),
      note: z.string().optional(),
      endorsedAt: z.iso.datetime(),
    }),
  ),
  page,
});

/** Rows as they are stored. */
export const rowsIn = (name: string): mongo.Collection<{ _id: string; [member: string]: unknown }> =>
  mongoose.connection.collection(name);

/** The requests about skills, against a server. */
export function skillCalls(server: TestServer) {
  const pathOf = (who: LoggedIn, rest = ''): string => `/api/users/${who.user.id}/skills${rest}`;
  const call = async (method: string, who: LoggedIn, path: string, body?: unknown): Promise<Reply> =>
    await server.call(method, path, { token: who.accessToken, ...(body === undefined ? {} : { body }) });
  const add = async (who: LoggedIn, name: string, more: object = {}): Promise<Reply> =>
    await call('POST', who, pathOf(who), { name, ...more });
  const skillsOf = async (owner: LoggedIn, viewer = owner) =>
    skillPage.parse((await call('GET', viewer, pathOf(owner))).body).data;
  const endorse = async (who: LoggedIn, owner: LoggedIn, slug: string, body: object = {}): Promise<Reply> =>
    await call('POST', who, pathOf(owner, `/${slug}/endorsements`), body);
  const withdraw = async (who: LoggedIn, owner: LoggedIn, slug: string): Promise<Reply> =>
    await call('DELETE', who, pathOf(owner, `/${slug}/endorsements`));
  const endorsers = async (viewer: LoggedIn, owner: LoggedIn, slug: string, query = '') =>
    endorsementPage.parse((await call('GET', viewer, pathOf(owner, `/${slug}/endorsements${query}`))).body);
  return { pathOf, call, add, skillsOf, endorse, withdraw, endorsers };
}
