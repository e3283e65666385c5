// Waiting for work to be settled: a hint from the committer is quick, a look at the rows every 250 ms is the truth.
import { z } from 'zod';
import { leases } from '#config/pools.ts';
import { limits } from '#config/limits.ts';
import type { Problem } from '../errors.ts';
import { groupBy } from '../group-by.ts';
import { storedProblem } from '../http/problem.ts';
import { nodeId } from '../ids.ts';
import { logFor } from '../log.ts';
import { countWaitingWith } from '../metrics/metrics.ts';
import { within } from '../mongo/deadline.ts';
import { hint, onHint } from '../redis/hints.ts';
import type { Settlement } from './plan.ts';
import { Work, workState, type WorkRow } from './work.ts';

const log = logFor('waiting');

/** How a row ended, as its caller needs it. */
export interface Outcome {
  readonly state: WorkRow['state'];
  readonly result?: unknown;
  readonly status?: number | undefined;
  readonly problem?: Problem | undefined;
  readonly replayed?: boolean | undefined;
}

type Message = { readonly id: string } & Outcome;

const messages = z.array(
  z.looseObject({
    id: z.string(),
    state: workState,
    status: z.int().optional(),
    problem: storedProblem.loose().optional(),
    replayed: z.boolean().optional(),
  }),
);

interface Waiter {
  readonly since: number;
  readonly resolve: (outcome: Outcome | null) => void;
}

const waiters = new Map<string, Set<Waiter>>();
let poll: NodeJS.Timeout | undefined;
let stopListening: (() => void) | undefined;
let polling = false;

/** Tells the nodes whose callers wait. Called after the commit, so what it says is true wherever it arrives. */
export function announce(settlements: readonly Settlement[]): void {
  const waitedFor = settlements.filter(({ row }) => row.replyTo !== undefined);
  for (const [node, group] of groupBy(waitedFor, ({ row }) => row.replyTo)) {
    const told = group.map(({ row, ...outcome }): Message => ({ id: row._id, ...outcome }));
    if (node === nodeId) {
      told.forEach(settle);
    } else {
      hint(`settled.${node}`, told);
    }
  }
}

/** Begins to listen and to look. Called by processes that accept work. */
export function startWaiting(): void {
  stopListening = onHint(`settled.${nodeId}`, messages, (all) => all.forEach(settle));
  countWaitingWith(waitingCallers);
  poll = setInterval(() => void look(), leases.pollMs);
}

/** Stops; whoever still waits gets null, which is answered as 202. */
export function stopWaiting(): void {
  clearInterval(poll);
  stopListening?.();
  for (const set of waiters.values()) {
    set.forEach((waiter) => waiter.resolve(null));
  }
  waiters.clear();
}

/** Callers that wait for an answer now. */
export function waitingCallers(): number {
  return waiters.size;
}

/** Somebody waits for a row: its outcome, null when that does not come in time, and how to give the wait up. */
export interface Expectation {
  readonly outcome: Promise<Outcome | null>;
  /** The outcome if it comes within `ms`, otherwise null; the wait itself goes on. */
  within(ms: number): Promise<Outcome | null>;
  cancel(): void;
}

/**
 * Waits for a row to be settled, at most `waitMs`. Register before the row is written, so that no hint can come too
 * early: the row's id is all that is needed. Whoever does not need the outcome any more cancels.
 */
export function expectOutcome(id: string, waitMs: number): Expectation {
  let settleWith: (outcome: Outcome | null) => void = () => undefined;
  const outcome = new Promise<Outcome | null>((resolve) => {
    settleWith = resolve;
  });
  const set = waiters.get(id) ?? new Set<Waiter>();
  waiters.set(id, set);
  const done = (result: Outcome | null): void => {
    clearTimeout(timer);
    set.delete(waiter);
    if (set.size === 0) {
      waiters.delete(id);
    }
    settleWith(result);
  };
  const waiter: Waiter = { since: Date.now(), resolve: done };
  const timer = setTimeout(() => done(null), waitMs);
  set.add(waiter);
  return { outcome, within: async (ms) => await soon(outcome, ms), cancel: () => done(null) };
}

async function soon(outcome: Promise<Outcome | null>, ms: number): Promise<Outcome | null> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), ms);
  });
  try {
    return await Promise.race([outcome, over]);
  } finally {
    clearTimeout(timer);
  }
}

function settle({ id, ...outcome }: Message): void {
  for (const waiter of waiters.get(id) ?? []) {
    waiter.resolve(outcome);
  }
}

async function look(): Promise<void> {
  const before = Date.now() - leases.pollMs;
  const late = [...waiters].filter(([, set]) => [...set].some((waiter) => waiter.since <= before)).map(([id]) => id);
  if (late.length === 0 || polling) {
    return;
  }
  polling = true;
  try {
    const rows = await within(
      Work.native()
        // What a majority has: an outcome that an election takes back must not have been told.
        .find({ _id: { $in: late }, state: { $ne: 'new' } }, { maxTimeMS: limits.mongoMs, readConcern: 'majority' })
        .project<WorkRow>({ state: 1, result: 1, status: 1, problem: 1, replayed: 1 })
        .toArray(),
    );
    for (const { _id, ...outcome } of rows) {
      settle({ id: _id, ...outcome });
    }
  } catch (error) {
    log.debug({ reason: String(error) }, 'Could not look for outcomes; trying again');
  } finally {
    polling = false;
  }
}
