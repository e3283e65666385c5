// Load: callers that grant XP with Idempotency-Keys through every API, as a careful client does it. What no answer or a
// 503 came for is sent again with the same key, a 202 is followed to its end. Called by test/e2e.
import { setTimeout as delay } from 'node:timers/promises';
import { Undocumented } from './documented.ts';
import { call, type FleetReply } from './fleet.ts';

/** A grant that a 2xx acknowledged, after its operation was done where it was a 202. */
export interface Grant {
  readonly key: string;
  readonly userId: string;
  readonly amount: number;
  /** The body of the 201, or the operation's result. */
  readonly answer: unknown;
  readonly replayed: boolean;
}

/** What a load has seen so far; it grows while the load runs. */
export interface LoadReport {
  readonly grants: Grant[];
  /** How often each status came; 0: no answer. */
  readonly statuses: Map<number, number>;
  /** Answers that a careful client cannot make sense of. There should be none. */
  readonly unexpected: string[];
  /** Milliseconds the slowest answer to a POST took; connections that broke do not count. */
  slowestMs: number;
}

/** A load that runs. */
export interface Load {
  readonly report: LoadReport;
  /** Begins no more grants and resolves when every one that was begun has come to its end. */
  stop(): Promise<LoadReport>;
}

/** Who grants what to whom. */
export interface LoadOptions {
  /** Addresses of the APIs; asked for anew with each request, since APIs come and go. */
  readonly urls: () => readonly string[];
  readonly token: string;
  readonly people: readonly string[];
  readonly callers?: number;
  /** The most grants that begin in a second; as many as the callers manage where it is left out. */
  readonly perSecond?: number;
  /** Ends by itself after this many grants. */
  readonly total?: number;
  /** Chooses people and amounts: at least 0 and less than 1 (Math.random). */
  readonly random?: () => number;
}

/** A request that gets no answer within this time counts as hanging. */
const hangsMs = 20_000;
/** A grant that has not come to its end after this time is given up and reported as unexpected. */
const giveUpMs = 60_000;
let loads = 0;

/** Starts callers (16); each has one grant under way at a time. */
export function startLoad(options: LoadOptions): Load {
  loads += 1;
  const name = `load-${process.pid}-${loads}`;
  const report: LoadReport = { grants: [], statuses: new Map(), unexpected: [], slowestMs: 0 };
  let begun = 0;
  let stopping = false;
  const pace = paceOf(options.perSecond);
  const caller = async (): Promise<void> => {
    while (!stopping && begun < (options.total ?? Number.POSITIVE_INFINITY)) {
      begun += 1;
      const turn = begun;
      await pace();
      await grant(options, report, `${name}-${turn}`, turn);
    }
  };
  const callers = Promise.all(Array.from({ length: options.callers ?? 16 }, caller));
  return {
    report,
    stop: async () => {
      stopping = options.total === undefined;
      await callers;
      return report;
    },
  };
}

/** Waits for the caller's turn. Turns that a slow moment missed are not made up for: a load does not become a burst. */
function paceOf(perSecond: number | undefined): () => Promise<void> {
  let next = performance.now();
  return async () => {
    if (perSecond === undefined) {
      return;
    }
    const now = performance.now();
    next = Math.max(next + 1_000 / perSecond, now - 1_000);
    await delay(Math.max(next - now, 0));
  };
}

/** A few people get most of it, so that owners have hot keys. */
function somebody(people: readonly string[], random: () => number): string {
  return people[Math.floor(random() ** 2 * people.length)] ?? '';
}

function someGrant({ people, random = Math.random }: LoadOptions): Pick<Grant, 'userId' | 'amount'> {
  return { userId: somebody(people, random), amount: 1 + Math.floor(random() * 40) };
}

async function grant(options: LoadOptions, report: LoadReport, key: string, turn: number): Promise<void> {
  const { userId, amount } = someGrant(options);
  const body = { userId, amount, reason: key };
  const end = Date.now() + giveUpMs;
  for (let attempt = 0; Date.now() < end; attempt += 1) {
    const urls = options.urls();
    const url = urls[(turn + attempt) % urls.length] ?? '';
    const reply = await post(url, report, options.token, key, body);
    if (reply?.status === 201) {
      const replayed = reply.headers.get('idempotency-replayed') === 'true';
      report.grants.push({ key, userId, amount, answer: reply.body, replayed });
      return;
    }
    if (reply?.status === 202) {
      await follow(options, report, { key, userId, amount }, reply.headers.get('location') ?? '', end);
      return;
    }
    if (reply && reply.status !== 503) {
      report.unexpected.push(`${key}: ${reply.status} ${JSON.stringify(reply.body)}`);
      return;
    }
    if (reply && reply.headers.get('retry-after') === null) {
      report.unexpected.push(`${key}: 503 without Retry-After`);
    }
    await delay(50 + Math.random() * 150);
  }
  report.unexpected.push(`${key}: no end within ${giveUpMs} ms`);
}

/** The answer, or undefined where the connection broke. */
async function post(
  url: string,
  report: LoadReport,
  token: string,
  key: string,
  body: unknown,
): Promise<FleetReply | undefined> {
  const began = performance.now();
  let reply: FleetReply | undefined;
  try {
    const answer = call(url, 'POST', '/api/gamification/xp/add', { token, body, headers: { 'Idempotency-Key': key } });
    const hanging = delay(hangsMs, 'hangs' as const, { ref: false });
    const first = await Promise.race([answer, hanging]);
    if (first === 'hangs') {
      answer.catch(() => undefined);
      report.unexpected.push(`${key}: no answer from ${url} within ${hangsMs} ms`);
    } else {
      reply = first;
      report.slowestMs = Math.max(report.slowestMs, performance.now() - began);
    }
  } catch (error) {
    // The process is away: the same again, somewhere else.
    noteUndocumented(report, error);
  }
  report.statuses.set(reply?.status ?? 0, (report.statuses.get(reply?.status ?? 0) ?? 0) + 1);
  return reply;
}

/** Broken connections are what faults are about; an answer the reference lacks is not. */
function noteUndocumented(report: LoadReport, error: unknown): void {
  if (error instanceof Undocumented) {
    report.unexpected.push(error.message);
  }
}

/** Follows an operation to its end. */
async function follow(
  options: LoadOptions,
  report: LoadReport,
  given: Pick<Grant, 'key' | 'userId' | 'amount'>,
  location: string,
  end: number,
): Promise<void> {
  for (let attempt = 0; Date.now() < end; attempt += 1) {
    const urls = options.urls();
    const url = urls[attempt % urls.length] ?? '';
    const reply = await call(url, 'GET', location, { token: options.token }).catch((error: unknown) => {
      noteUndocumented(report, error);
      return undefined;
    });
    const operation = (reply?.body ?? {}) as { state?: string; result?: unknown };
    if (reply?.status === 200 && operation.state === 'done') {
      report.grants.push({ ...given, answer: operation.result, replayed: false });
      return;
    }
    if (reply && reply.status !== 503 && !(reply.status === 200 && operation.state === 'new')) {
      report.unexpected.push(`${given.key}: ${location} ${reply.status} ${JSON.stringify(reply.body)}`);
      return;
    }
    await delay(100);
  }
  report.unexpected.push(`${given.key}: accepted, and not done within ${giveUpMs} ms`);
}

/** A report in one line, for messages. */
export function summary(report: LoadReport): string {
  const statuses = [...report.statuses].map(([status, count]) => `${count} × ${status || 'no answer'}`).join(', ');
  return `${report.grants.length} grants (${statuses}), slowest ${Math.round(report.slowestMs)} ms`;
}
