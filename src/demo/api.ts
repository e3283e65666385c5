// The public API as the demo uses it: every request is repeated through passing trouble, a POST always under the same
// Idempotency-Key, until it has its final answer. Called by all that talk to the system over HTTP.
import { z } from 'zod';
import { GaveUp } from './gave-up.ts';
import { Patience } from './patience.ts';
import { Session } from './session.ts';
import { NoAnswer, Transport, type Reply, type Request } from './transport.ts';

/** A final answer. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  /**
   * `new`: done by this run. `known`: it was done before. `new-or-known`: an earlier try of this run had no answer, and
   * may be what the repeat found.
   */
  readonly novelty: 'new' | 'known' | 'new-or-known';
}

const problem = z.object({ code: z.string(), detail: z.string() });
const operation = z.object({
  state: z.enum(['new', 'done', 'refused', 'dead']),
  result: z.unknown().optional(),
  problem: problem.extend({ status: z.number() }).optional(),
});

/** Answers that say "later": of the API itself, or of a proxy whose API is away. */
const passing: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** How long an address that could not be reached is left alone, in milliseconds. */
const awayMs = 1_000;

interface Asked {
  readonly reply: Reply;
  /** True where an earlier try may have been done although its answer did not come. */
  readonly unsure: boolean;
}

/** A client of one system, over one or more addresses. */
export class Api {
  readonly #urls: readonly string[];
  readonly #transport: Transport;
  readonly #session: Session;
  readonly #onTrouble: (reason: string) => void;
  /** When each address may be asked again, where it could not be reached. */
  readonly #awayUntil = new Map<string, number>();
  #turn = 0;
  #retries = 0;

  constructor(options: {
    readonly urls: readonly string[];
    readonly email: string;
    readonly password: string;
    readonly concurrency: number;
    /** Told each time a request has to be sent again. */
    readonly onTrouble: (reason: string) => void;
  }) {
    this.#urls = options.urls;
    this.#onTrouble = options.onTrouble;
    this.#transport = new Transport(options.concurrency);
    this.#session = new Session(options, async (request) => (await this.#patiently(request)).reply);
  }

  /** Requests that were sent again so far. */
  get retries(): number {
    return this.#retries;
  }

  /** The admin's access token, good for another while. @throws GaveUp when the login is refused */
  async token(): Promise<string> {
    return await this.#session.token();
  }

  /** The body of a resource. @throws GaveUp when it is refused, or after two minutes of trouble */
  async get(path: string): Promise<unknown> {
    const { reply } = await this.#asAdmin({ method: 'GET', path });
    if (reply.status !== 200) {
      throw new GaveUp(`GET ${path} was refused: ${inWords(reply)}`);
    }
    return reply.body;
  }

  /**
   * Posts under a key, follows a 202 to its end, and gives the final answer: a refusal too.
   * @throws GaveUp after two minutes of trouble, or when the system gave the work up
   */
  async post(path: string, body: unknown, key: string): Promise<Answer> {
    const { reply, unsure } = await this.#asAdmin({ method: 'POST', path, body, headers: { 'idempotency-key': key } });
    const replayed = reply.header('idempotency-replayed') === 'true';
    const repeated = unsure ? 'new-or-known' : 'known';
    if (reply.status === 202) {
      // Whether a row that is still in flight is this run's own cannot be told.
      return { ...(await this.#follow(reply)), novelty: unsure ? 'new-or-known' : 'new' };
    }
    if (reply.status >= 500) {
      throw new GaveUp(`POST ${path} failed: ${inWords(reply)}`);
    }
    return { status: reply.status, body: reply.body, novelty: replayed ? repeated : 'new' };
  }

  /** Ends the session, if there is one, and closes all connections. */
  async close(): Promise<void> {
    const token = this.#session.current;
    if (token !== undefined) {
      const headers = { authorization: `Bearer ${token}` };
      // Where this fails, the session ends by itself when nobody uses it.
      await this.#once(this.#next(), { method: 'POST', path: '/api/auth/logout', headers });
    }
    this.#transport.close();
  }

  async #follow(accepted: Reply): Promise<{ status: number; body: unknown }> {
    const path = accepted.header('location') ?? '';
    const patience = new Patience();
    for (;;) {
      const found = operation.parse(await this.get(path));
      if (found.state === 'done') {
        return { status: 201, body: found.result };
      }
      if (found.state === 'refused') {
        return { status: found.problem?.status ?? 422, body: found.problem };
      }
      if (found.state === 'dead') {
        throw new GaveUp(`${path} gave up: ${found.problem?.detail ?? 'no reason was stored'}`);
      }
      await patience.pause(`${path} is not done`);
    }
  }

  async #asAdmin(request: Request): Promise<Asked> {
    let unsure = false;
    for (let logins = 0; ; logins += 1) {
      const token = await this.#session.token();
      const headers = { ...request.headers, authorization: `Bearer ${token}` };
      const asked = await this.#patiently({ ...request, headers });
      unsure ||= asked.unsure;
      if (asked.reply.status !== 401 || logins === 3) {
        return { reply: asked.reply, unsure };
      }
      await this.#session.replace(token);
    }
  }

  /** Sends a request until its answer is no passing trouble. */
  async #patiently(request: Request): Promise<Asked> {
    const patience = new Patience();
    let unsure = false;
    for (;;) {
      const url = this.#next();
      const reply = await this.#once(url, request);
      if (!(reply instanceof NoAnswer) && !passing.has(reply.status)) {
        return { reply, unsure };
      }
      const [reason, askedMs] =
        reply instanceof NoAnswer
          ? [`${url} cannot be reached (${reply.message})`, 0]
          : [`${url} answers ${inWords(reply)}`, retryAfterMs(reply)];
      unsure ||= reply instanceof NoAnswer || reply.status !== 429;
      this.#retries += 1;
      this.#onTrouble(reason);
      await patience.pause(reason, askedMs);
    }
  }

  async #once(url: string, request: Request): Promise<Reply | NoAnswer> {
    try {
      return await this.#transport.send(url, request);
    } catch (error) {
      if (error instanceof NoAnswer) {
        this.#awayUntil.set(url, performance.now() + awayMs);
        return error;
      }
      throw error;
    }
  }

  /** The addresses in turn; one that could not be reached is left out for a moment, while there are others. */
  #next(): string {
    const now = performance.now();
    const there = this.#urls.filter((url) => (this.#awayUntil.get(url) ?? 0) <= now);
    const choice = there.length > 0 ? there : this.#urls;
    this.#turn += 1;
    return choice[this.#turn % choice.length] ?? '';
  }
}

function retryAfterMs(reply: Reply): number {
  const seconds = Number(reply.header('retry-after'));
  return Number.isFinite(seconds) ? Math.min(seconds, 60) * 1_000 : 0;
}

/** What an answer says, for the person who reads it. */
export function inWords({ status, body }: Pick<Reply, 'status' | 'body'>): string {
  const said = problem.safeParse(body);
  return said.success ? `${String(status)} ${said.data.code} (${said.data.detail})` : String(status);
}
