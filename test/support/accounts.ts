// Factories of people for tests: registered over HTTP, as clients do it.
import { z } from 'zod';
import { bootstrapAdmin } from '#src/services/auth/index.ts';
import type { TestServer } from './http.ts';

const loggedIn = z.strictObject({
  accessToken: z.string(),
  refreshToken: z.string(),
  expiresIn: z.int(),
  user: z.strictObject({ id: z.string(), email: z.string(), name: z.string(), roles: z.array(z.string()) }),
});

/** Somebody with a session. */
export type LoggedIn = z.output<typeof loggedIn>;

/** The password of everybody here. */
export const password = 'correct horse battery';

let count = 0;

/** The logged-in answer, checked to have exactly the contract's members. */
export function asLoggedIn(body: unknown): LoggedIn {
  return loggedIn.parse(body);
}

/** A new person; `name` begins what tells people apart. */
export async function registerSomebody(server: TestServer, name = 'Somebody'): Promise<LoggedIn> {
  count += 1;
  const body = { email: `p${count}.${Date.now()}@example.test`, name, password };
  return asLoggedIn((await server.call('POST', '/api/auth/register', { body })).body);
}

/** Logs in. */
export async function logIn(server: TestServer, email: string): Promise<LoggedIn> {
  return asLoggedIn((await server.call('POST', '/api/auth/login', { body: { email, password } })).body);
}

/** The first admin, logged in. */
export async function logInAdmin(server: TestServer): Promise<LoggedIn> {
  const email = 'admin@example.test';
  await bootstrapAdmin(server.submit, { email, password });
  return await logIn(server, email);
}
