// How to see whether somebody has a permission that no route asks for by itself: it opens more of a route, or a page. Asked
// for every role by test/integration/auth/matrix.test.ts. A new permission that is no route's gets a line here.
import type { Permission } from '#src/platform/auth/permissions.ts';
import { registerSomebody, type LoggedIn } from './accounts.ts';
import type { BoardServer, Seen } from './board.ts';
import type { Reply } from './http.ts';

/** Somebody of a role, and what is there for them to ask about: all of it is the admin's or somebody else's. */
export interface Asker {
  readonly board: BoardServer;
  readonly who: LoggedIn;
  /** The cookie of their login at the admin pages. */
  readonly cookie: string;
  /** Id of somebody else, made by an operation of the same id that the admin's request `requestId` began. */
  readonly other: string;
  readonly requestId: string;
}

/** True where the asker may. @throws Error where the answer is neither that nor a no */
type Probe = (asker: Asker) => Promise<boolean>;

function verdict({ status, text }: Pick<Reply | Seen, 'status' | 'text'>, refusals: readonly number[]): boolean {
  if (status >= 500 || status === 401) {
    throw new Error(`Neither a yes nor a no: ${status} ${text}`);
  }
  return !refusals.includes(status);
}

const reads =
  (path: (asker: Asker) => string): Probe =>
  async (asker) =>
    verdict(await asker.board.server.call('GET', path(asker), { token: asker.who.accessToken }), [404]);

const stale = { 'if-match': '"somewhere-else"' };

/** A venture of somebody else that only its team sees. */
async function hiddenVenture({ board: { server } }: Asker): Promise<string> {
  const { accessToken: token } = await registerSomebody(server);
  const body = { name: 'Hidden', visibility: 'team' };
  const reply = await server.call('POST', '/api/ventures/create', { token, body });
  return (reply.body as { id: string }).id;
}

/** By permission; null: nothing asks for it yet. */
export const probes: Readonly<Partial<Record<Permission, Probe | null>>> = {
  'machine.operate': async ({ board, who }) => {
    const body = { type: 'onboarding', id: `of-${who.user.id}`, input: {} };
    return verdict(
      await board.server.call('POST', '/api/state-machines/create', { token: who.accessToken, body }),
      [403],
    );
  },
  'user.read.any': async ({ board, who, other }) => {
    const { body } = await board.server.call('GET', `/api/users/${other}`, { token: who.accessToken });
    return 'email' in (body as object);
  },
  'xp.correct': async ({ board, who, other }) => {
    const body = { userId: other, amount: -1, reason: 'a correction' };
    return verdict(
      await board.server.call('POST', '/api/gamification/xp/add', { token: who.accessToken, body }),
      [403],
    );
  },
  // Another revision than the one it is at: who may change it is told so, everybody else that there is nobody.
  'user.update.any': async ({ board, who, other }) =>
    verdict(
      await board.server.call('PUT', `/api/users/${other}`, { token: who.accessToken, headers: stale, body: {} }),
      [404],
    ),
  'venture.read.any': async (asker) => {
    const id = await hiddenVenture(asker);
    const { board, who } = asker;
    return verdict(await board.server.call('GET', `/api/ventures/${id}`, { token: who.accessToken }), [404]);
  },
  'venture.update.any': async (asker) => {
    const id = await hiddenVenture(asker);
    const { board, who } = asker;
    const call = { token: who.accessToken, body: { description: 'changed' } };
    return verdict(await board.server.call('PUT', `/api/ventures/${id}`, call), [403, 404]);
  },
  'mail.read': async ({ board, cookie }) => verdict(await board.navigate('GET', '/admin/mails', { cookie }), [403]),
  'machine.read.any': reads(({ other }) => `/api/state-machines/onboarding/${other}/state`),
  'operation.read.any': reads(({ other }) => `/api/operations/${other}`),
  'feed.read.any': reads(({ other }) => `/api/websocket/feeds/user.${other}`),
  'trace.read': reads(({ requestId }) => `/api/traces/${requestId}`),
  'queue.read': async ({ board, cookie }) => verdict(await board.navigate('GET', '/admin/queues', { cookie }), [403]),
  'queue.write': async ({ board, cookie }) =>
    verdict(await board.script('PUT', '/admin/queues/api/queues/machines.0/resume', { cookie }), [403]),
  // 409 where the account is not about to be deleted: whoever hears that may.
  'user.delete.any': async ({ board, who, other }) =>
    verdict(await board.server.call('POST', `/api/users/${other}/restore`, { token: who.accessToken }), [404]),
  'realtime.broadcast': null,
};
