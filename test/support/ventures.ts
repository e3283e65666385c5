// What tests of ventures ask the API, and the shape it must answer in.
import assert from 'node:assert/strict';
import type { LoggedIn } from './accounts.ts';
import { problemOf, type Reply, type TestServer } from './http.ts';

/** What tests read of a venture. */
export interface ShownVenture {
  readonly id: string;
  readonly state: string;
  readonly version: number;
  readonly team: readonly { readonly userId: string; readonly role: string }[];
}

/** Status and code of an answer that is a problem. */
export const codeOf = (reply: Reply): [number, string] => [reply.status, problemOf(reply).code];

/** The requests about ventures; `who` says against which server, and who owns what is made, once a hook has made them. */
export function ventureCalls(who: () => { readonly server: TestServer; readonly owner: LoggedIn }) {
  const call = async (by: LoggedIn, method: string, path: string, body?: object, headers = {}): Promise<Reply> =>
    await who().server.call(method, `/api/ventures${path}`, {
      token: by.accessToken,
      ...(body ? { body } : {}),
      headers,
    });
  const create = async (body: object = {}): Promise<ShownVenture> => {
    const reply = await call(who().owner, 'POST', '/create', { name: 'Rockets', ...body });
    assert.equal(reply.status, 201);
    return reply.body as ShownVenture;
  };
  const teamOf = async (id: string, by = who().owner): Promise<Record<string, string>> => {
    const { body } = await call(by, 'GET', `/${id}/team`);
    return Object.fromEntries((body as { data: ShownVenture['team'] }).data.map(({ userId, role }) => [userId, role]));
  };
  const invite = async (id: string, whom: LoggedIn, role: string, by = who().owner): Promise<Reply> =>
    await call(by, 'POST', `/${id}/invitations`, { userId: whom.user.id, role });
  const answer = async (id: string, whom: LoggedIn, what: string, by = whom): Promise<Reply> =>
    await call(by, 'POST', `/${id}/invitations/${whom.user.id}/${what}`);
  const join = async (id: string, whom: LoggedIn, role: string): Promise<void> => {
    assert.equal((await invite(id, whom, role)).status, 201);
    assert.equal((await answer(id, whom, 'accept')).status, 200);
  };
  return { call, create, teamOf, invite, answer, join };
}
