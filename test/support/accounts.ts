// Factories of people for tests: registered over HTTP, as clients do it.
import { z } from 'zod';
import { Mails, type Mail } from '#src/platform/mail/mail.model.ts';
import { bootstrapAdmin } from '#src/services/auth/index.ts';
import { processMetrics } from '#src/platform/metrics/metrics.ts';
import { eventually } from './eventually.ts';
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

/** Logs in. @throws Error that says what the answer was, where it is no login */
export async function logIn(server: TestServer, email: string): Promise<LoggedIn> {
  const { status, text, body } = await server.call('POST', '/api/auth/login', { body: { email, password } });
  if (status !== 200) {
    throw new Error(`${email} is not logged in: ${status} ${text}`);
  }
  return asLoggedIn(body);
}

/** The first admin, logged in. */
export async function logInAdmin(server: TestServer): Promise<LoggedIn> {
  const email = 'admin@example.test';
  await bootstrapAdmin(server.submit, { email, password });
  return await logIn(server, email);
}

/** Runs of argon2 in this process so far: what a login costs, whatever the clock says. */
export async function hashesDone(): Promise<number> {
  const metric = await processMetrics.getSingleMetric('brain_password_hashes_total')?.get();
  return metric?.values[0]?.value ?? 0;
}

/** The mails of a kind to an address, the oldest first, when there are as many as said. Needs a worker of operations. */
export async function mailsTo(address: string, template: string, many = 1): Promise<Mail[]> {
  return await eventually(async () => {
    const mails = await Mails.native().find({ to: address, template }).sort({ _id: 1 }).toArray();
    if (mails.length !== many) {
      throw new Error(`${mails.length} mails of ${template} to ${address}, not ${many}`);
    }
    return mails;
  });
}

/** The token in a mail's link. */
export function tokenIn(mail: Mail | undefined): string {
  const token = /#token=(\S+)/u.exec(mail?.text ?? '')?.[1];
  if (token === undefined) {
    throw new Error(`No link in ${mail?.text}`);
  }
  return token;
}
