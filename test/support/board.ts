// The board of queues on a real server with real queues, and a client that sends what a browser would (fetch sets some of
// those headers itself). Called by test/integration/admin.
import { request as nodeRequest } from 'node:http';
import { closeQueues, queuesToShow, type WakeJob } from '#src/platform/commands/queues.ts';
import type { Queue } from 'bullmq';
import { z } from 'zod';
import { createBoard } from '#src/platform/admin/queue-board.ts';
import { audit } from '#src/platform/audit/audit.ts';
import { operations } from '#src/platform/commands/operations.ts';
import { createSubmit } from '#src/platform/commands/submit.ts';
import { createRegistry, type Service } from '#src/platform/registry.ts';
import { authService, checkPassword } from '#src/services/auth/index.ts';
import { gamificationService } from '#src/services/gamification/index.ts';
import { userService } from '#src/services/user/index.ts';
import { logInAdmin, password, type LoggedIn } from './accounts.ts';
import { startServer, type TestServer } from './http.ts';

/** The admin of every board's server. */
export const adminEmail = 'admin@example.test';
/** A page, a call of its script, and a file. */
export const everything = ['/admin/queues', '/admin/queues/api/queues', '/admin/queues/static/favicon.ico'];

/** The id of a cookie's session. */
export function sessionOf(cookie: string): string {
  return cookie.split('=')[1]?.split('.')[0] ?? '';
}

/** An answer as it came, redirections too. */
export interface Seen {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly text: string;
  /** `name=value` of the cookie it set. */
  readonly cookie: string | undefined;
}

/** What a request carries. */
export interface Ask {
  readonly cookie?: string | undefined;
  readonly headers?: Record<string, string | undefined>;
  readonly form?: Record<string, string>;
  readonly json?: unknown;
}

/** A server with a board. */
export interface BoardServer {
  readonly server: TestServer;
  readonly queues: readonly Queue<WakeJob>[];
  readonly admin: LoggedIn;
  /** Sends a request as a browser does that follows a link or sends a form of the admin pages. */
  navigate(method: string, path: string, ask?: Ask): Promise<Seen>;
  /** Sends a request as the script of the board does. */
  script(method: string, path: string, ask?: Ask): Promise<Seen>;
  /** Logs in by the form and gives the cookie. */
  logIn(email: string): Promise<string>;
  /** Makes an account with a role and gives its address. */
  person(role: string): Promise<string>;
  close(): Promise<void>;
}

/** Sends one request; headers that are undefined are left out. */
export async function ask(
  url: string,
  method: string,
  path: string,
  { cookie, headers, form, json }: Ask = {},
): Promise<Seen> {
  const body = form ? new URLSearchParams(form).toString() : json === undefined ? undefined : JSON.stringify(json);
  const all = {
    ...(cookie === undefined ? {} : { cookie }),
    ...(form ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
    ...(json === undefined ? {} : { 'content-type': 'application/json' }),
    ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
    ...headers,
  };
  const sent = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Record<
    string,
    string
  >;
  return await new Promise((resolve, reject) => {
    const request = nodeRequest(new URL(url), { method, path, headers: sent }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        const joined = Object.entries(response.headers).map(([name, value]) => [name, value?.toString()]);
        const [cookieSet] = response.headers['set-cookie'] ?? [];
        resolve({
          status: response.statusCode ?? 0,
          headers: Object.fromEntries(joined) as Seen['headers'],
          text,
          cookie: cookieSet?.split(';')[0],
        });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

let people = 0;

const usual: readonly Service[] = [userService, authService, gamificationService, operations, audit];

/** Starts the server and empties the queues. */
export async function startBoard(services = usual): Promise<BoardServer> {
  const queues = queuesToShow();
  const board = createBoard({ queues, checkPassword, submit: createSubmit(createRegistry(services)) });
  const server = await startServer(services, { board });
  await Promise.all(queues.map(async (queue) => await queue.obliterate({ force: true })));
  const admin = await logInAdmin(server);
  const own = (method: string): Record<string, string> =>
    method === 'GET' || method === 'HEAD' ? {} : { origin: server.url, 'sec-fetch-site': 'same-origin' };
  const navigate: BoardServer['navigate'] = async (method, path, given = {}) =>
    await ask(server.url, method, path, {
      ...given,
      headers: { accept: 'text/html', 'sec-fetch-mode': 'navigate', ...own(method), ...given.headers },
    });
  return {
    server,
    queues,
    admin,
    navigate,
    script: async (method, path, given = {}) =>
      await ask(server.url, method, path, {
        ...given,
        headers: { accept: 'application/json', 'sec-fetch-mode': 'cors', ...own(method), ...given.headers },
      }),
    logIn: async (email) => {
      const { status, cookie } = await navigate('POST', '/admin/login', { form: { email, password } });
      if (status !== 303 || cookie === undefined) {
        throw new Error(`${email} could not log in: ${status}`);
      }
      return cookie;
    },
    person: async (role) => {
      people += 1;
      const email = `${role}.${people}.${Date.now()}@example.test`;
      const body = { email, name: role, password, roles: ['user', role] };
      const reply = await server.call('POST', '/api/users/create', { token: admin.accessToken, body });
      if (reply.status !== 201) {
        throw new Error(`No account: ${reply.text}`);
      }
      return email;
    },
    close: async () => {
      await Promise.all(queues.map(async (queue) => await queue.obliterate({ force: true })));
      await closeQueues();
      await server.close();
    },
  };
}

const actsPage = z.strictObject({
  data: z.array(
    z.strictObject({
      id: z.string(),
      at: z.iso.datetime(),
      actor: z.string(),
      requestId: z.string(),
      act: z.string(),
      action: z.string(),
      target: z.record(z.string(), z.string()),
      outcome: z.string(),
    }),
  ),
  page: z.strictObject({ nextCursor: z.string().nullable(), hasMore: z.boolean() }),
});

/** A page of `GET /api/audit`, checked to have exactly its members; `query` with its question mark. */
export async function readActs(
  { server, admin }: BoardServer,
  query = '',
  token = admin.accessToken,
): Promise<z.output<typeof actsPage>> {
  return actsPage.parse((await server.call('GET', `/api/audit${query}`, { token })).body);
}
