// A careful client: what no answer or a 503 came for is sent again with the same Idempotency-Key, through another API, and
// a 202 is followed to its end. Called by test/support/load.ts and by suites of test/e2e.
import { setTimeout as delay } from 'node:timers/promises';
import { Undocumented } from './documented.ts';
import { call, type FleetReply } from './fleet.ts';

/** What a client has seen so far. */
export interface Attempts {
  /** How often each status came; 0: no answer. */
  readonly statuses: Map<number, number>;
  /** Answers that a careful client cannot make sense of. There should be none. */
  readonly unexpected: string[];
  /** Milliseconds the slowest answer to a POST took; connections that broke do not count. */
  slowestMs: number;
}

/** Whom to ask, and as whom. */
export interface Asking {
  /** Addresses of the APIs; asked for anew with each request, since APIs come and go. */
  readonly urls: () => readonly string[];
  readonly token: string;
}

/** A POST that is to be done once. */
export interface Wanted {
  readonly path: string;
  readonly key: string;
  readonly body: unknown;
}

/** What it came to: a status of the door, or how its operation ended. */
export interface Final {
  readonly status: number | 'done' | 'refused' | 'dead';
  /** The body, the operation's result or its problem. */
  readonly body: unknown;
  readonly replayed: boolean;
}

/** A request that gets no answer within this time counts as hanging. */
const hangsMs = 20_000;
/** A request that has not come to its end after this time is given up and reported as unexpected. */
const giveUpMs = 60_000;

/**
 * Posts until there is a final answer, beginning with the API of this `turn`. Undefined where none came in a minute; that
 * stands in `attempts.unexpected`, as does every answer the reference lacks.
 */
export async function insist(asking: Asking, attempts: Attempts, wanted: Wanted, turn = 0): Promise<Final | undefined> {
  const { key } = wanted;
  const end = Date.now() + giveUpMs;
  for (let attempt = 0; Date.now() < end; attempt += 1) {
    const urls = asking.urls();
    const reply = await post(urls[(turn + attempt) % urls.length] ?? '', asking.token, attempts, wanted);
    if (reply?.status === 202) {
      return await follow(asking, attempts, key, reply.headers.get('location') ?? '', end);
    }
    if (reply && reply.status !== 503) {
      const replayed = reply.headers.get('idempotency-replayed') === 'true';
      return { status: reply.status, body: reply.body, replayed };
    }
    if (reply && reply.headers.get('retry-after') === null) {
      attempts.unexpected.push(`${key}: 503 without Retry-After`);
    }
    await delay(50 + Math.random() * 150);
  }
  attempts.unexpected.push(`${key}: no end within ${giveUpMs} ms`);
  return undefined;
}

/** The answer, or undefined where the connection broke. */
async function post(
  url: string,
  token: string,
  attempts: Attempts,
  { path, key, body }: Wanted,
): Promise<FleetReply | undefined> {
  const began = performance.now();
  let reply: FleetReply | undefined;
  try {
    const answer = call(url, 'POST', path, { token, body, headers: { 'Idempotency-Key': key } });
    const hanging = delay(hangsMs, 'hangs' as const, { ref: false });
    const first = await Promise.race([answer, hanging]);
    if (first === 'hangs') {
      answer.catch(() => undefined);
      attempts.unexpected.push(`${key}: no answer from ${url} within ${hangsMs} ms`);
    } else {
      reply = first;
      attempts.slowestMs = Math.max(attempts.slowestMs, performance.now() - began);
    }
  } catch (error) {
    // The process is away: the same again, somewhere else.
    noteUndocumented(attempts, error);
  }
  attempts.statuses.set(reply?.status ?? 0, (attempts.statuses.get(reply?.status ?? 0) ?? 0) + 1);
  return reply;
}

/** Broken connections are what faults are about; an answer the reference lacks is not. */
function noteUndocumented(attempts: Attempts, error: unknown): void {
  if (error instanceof Undocumented) {
    attempts.unexpected.push(error.message);
  }
}

/** Follows an operation to its end. */
async function follow(
  { urls, token }: Asking,
  attempts: Attempts,
  key: string,
  location: string,
  end: number,
): Promise<Final | undefined> {
  for (let attempt = 0; Date.now() < end; attempt += 1) {
    const places = urls();
    const url = places[attempt % places.length] ?? '';
    const reply = await call(url, 'GET', location, { token }).catch((error: unknown) => {
      noteUndocumented(attempts, error);
      return undefined;
    });
    const final = finalOf(reply);
    if (final) {
      return final;
    }
    if (reply && reply.status !== 503 && reply.status !== 200) {
      attempts.unexpected.push(`${key}: ${location} ${reply.status} ${JSON.stringify(reply.body)}`);
      return undefined;
    }
    await delay(100);
  }
  attempts.unexpected.push(`${key}: accepted, and not done within ${giveUpMs} ms`);
  return undefined;
}

/** How an operation ended, where it has. */
function finalOf(reply: FleetReply | undefined): Final | undefined {
  const { state, result, problem } = (reply?.body ?? {}) as { state?: string; result?: unknown; problem?: unknown };
  return reply?.status === 200 && (state === 'done' || state === 'refused' || state === 'dead')
    ? { status: state, body: state === 'done' ? result : problem, replayed: false }
    : undefined;
}
