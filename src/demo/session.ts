// The admin's session: one login, renewed before the access token ends. Called by api.ts.
import { z } from 'zod';
import { GaveUp } from './gave-up.ts';
import type { Reply, Request } from './transport.ts';

const loggedIn = z.object({
  accessToken: z.string(),
  refreshToken: z.string(),
  expiresIn: z.number(),
  user: z.object({ id: z.string(), name: z.string() }),
});
const mfa = z.object({ mfaRequired: z.literal(true) });

/** Sends one request until it has an answer that is no passing trouble. */
type Ask = (request: Request) => Promise<Reply>;

/** A token is renewed when this part of its life is over. */
const usablePart = 0.8;

/** The access token of an admin, good at any time. */
export class Session {
  readonly #ask: Ask;
  readonly #credentials: { readonly email: string; readonly password: string };
  #now: (z.output<typeof loggedIn> & { readonly renewAt: number }) | undefined;
  #renewing: Promise<void> | undefined;

  constructor({ email, password }: { readonly email: string; readonly password: string }, ask: Ask) {
    // Members of its own: logins with anything more are refused.
    this.#credentials = { email, password };
    this.#ask = ask;
  }

  /** A token that is good for another while. @throws GaveUp when the login is refused */
  async token(): Promise<string> {
    if (this.#now === undefined || performance.now() >= this.#now.renewAt) {
      await this.#renewOnce();
    }
    return this.#now?.accessToken ?? '';
  }

  /** The token as it is, undefined before the first login. */
  get current(): string | undefined {
    return this.#now?.accessToken;
  }

  /** Replaces a token that was refused, unless somebody has done so already. @throws GaveUp as `token` */
  async replace(refused: string): Promise<void> {
    if (this.#now?.accessToken === refused) {
      await this.#renewOnce();
    }
  }

  async #renewOnce(): Promise<void> {
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = undefined;
    });
    await this.#renewing;
  }

  async #renew(): Promise<void> {
    const refreshed = this.#now && (await this.#refresh(this.#now.refreshToken));
    const given = refreshed ?? (await this.#logIn());
    this.#now = { ...given, renewAt: performance.now() + given.expiresIn * 1_000 * usablePart };
  }

  async #refresh(refreshToken: string): Promise<z.output<typeof loggedIn> | undefined> {
    const reply = await this.#ask({ method: 'POST', path: '/api/auth/refresh', body: { refreshToken } });
    return reply.status === 200 ? loggedIn.parse(reply.body) : undefined;
  }

  async #logIn(): Promise<z.output<typeof loggedIn>> {
    const reply = await this.#ask({ method: 'POST', path: '/api/auth/login', body: this.#credentials });
    const answer = loggedIn.safeParse(reply.body);
    if (reply.status === 200 && answer.success) {
      return answer.data;
    }
    if (mfa.safeParse(reply.body).success) {
      throw new GaveUp(`${this.#credentials.email} logs in with a second factor; name an admin without one`);
    }
    throw new GaveUp(
      reply.status === 401
        ? `The system does not know ${this.#credentials.email} with this password: correct --email and --password`
        : `The login was answered with ${String(reply.status)}: is this a SmartStart Brain?`,
    );
  }
}
