// Load: callers that grant XP with Idempotency-Keys through every API, as a careful client does it. What no answer or a
// 503 came for is sent again with the same key, a 202 is followed to its end. Called by test/e2e.
import { setTimeout as delay } from 'node:timers/promises';
import { insist, type Attempts } from './insist.ts';

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
export interface LoadReport extends Attempts {
  readonly grants: Grant[];
}

/** A load that runs. */
export interface Load {
  readonly report: LoadReport;
  /** When the last grant so far began, by `performance.now()`. */
  lastBegunAt(): number;
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

let loads = 0;

/** Starts callers (16); each has one grant under way at a time. */
export function startLoad(options: LoadOptions): Load {
  loads += 1;
  const name = `load-${process.pid}-${loads}`;
  const report: LoadReport = { grants: [], statuses: new Map(), unexpected: [], slowestMs: 0 };
  let begun = 0;
  let begunAt = performance.now();
  let stopping = false;
  const pace = paceOf(options.perSecond);
  const caller = async (): Promise<void> => {
    while (!stopping && begun < (options.total ?? Number.POSITIVE_INFINITY)) {
      begun += 1;
      const turn = begun;
      await pace();
      begunAt = performance.now();
      await grant(options, report, `${name}-${turn}`, turn);
    }
  };
  const callers = Promise.all(Array.from({ length: options.callers ?? 16 }, caller));
  return {
    report,
    lastBegunAt: () => begunAt,
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
  const answer = await insist(options, report, { path: '/api/gamification/xp/add', key, body }, turn);
  if (answer?.status === 201 || answer?.status === 'done') {
    report.grants.push({ key, userId, amount, answer: answer.body, replayed: answer.replayed });
  } else if (answer) {
    report.unexpected.push(`${key}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }
}

/** A report in one line, for messages. */
export function summary(report: LoadReport): string {
  const statuses = [...report.statuses].map(([status, count]) => `${count} × ${status || 'no answer'}`).join(', ');
  return `${report.grants.length} grants (${statuses}), slowest ${Math.round(report.slowestMs)} ms`;
}
