// What machines went through: page by page, as of a moment, and whether it was tampered with.
import { limits } from '#config/limits.ts';
import type { Asker } from '#src/platform/auth/abilities.ts';
import { decodeCursor, encodeCursor, toPage } from '#src/platform/http/cursor.ts';
import { Work, type WorkRow } from '#src/platform/commands/work.ts';
import { ChainCheck, type ChainVerdict } from '#src/platform/machines/chain.ts';
import { AppError } from '#src/platform/errors.ts';
import { tagsAt } from '#src/platform/machines/kernel.ts';
import {
  Timers,
  Transitions,
  verifyChain,
  type MachineInstance,
  type Transition,
} from '#src/platform/machines/store.ts';
import { notRunnable } from '../definitions/definitions.errors.ts';
import { definitionFor } from '../definitions/definitions.workflow.ts';
import { stepUnknown } from '../pictures/pictures.errors.ts';
import { readInstance } from '../state-machine.queries.ts';
import { causeOfEffect } from '../effects/effects.workflow.ts';
import { presentEffect, presentStood, presentSubject, presentTimer, presentTransition } from './history.presenter.ts';
import type { HistoryQuery } from './history.schema.ts';

const bounded = { maxTimeMS: limits.mongoMs };
const streamed = { maxTimeMS: limits.mongoStreamMs };

/** Reads every step of an instance and checks its hash chain to where it stands. Errors: `state-machine.not-found`. */
export async function verifyInstance(
  caller: Asker,
  type: string,
  id: string,
): Promise<{ type: string; id: string } & ChainVerdict> {
  const instance = await readInstance(caller, type, id);
  const rows = Transitions.native()
    // Steps taken since the instance was read are not asked about.
    .find({ instance: instance._id, seq: { $lte: instance.seq } }, { maxTimeMS: limits.answerMs })
    .sort({ seq: 1 });
  const check = new ChainCheck();
  for await (const row of rows) {
    if (!check.see(row)) {
      break;
    }
  }
  return { type, id, ...check.verdict(instance) };
}

/**
 * Steps of an instance, oldest first, and whether their hashes hold; with `at` also how it stood after that step or at
 * that moment. Errors: `state-machine.not-found`, `state-machine.step-unknown`.
 */
export async function readHistory(caller: Asker, type: string, id: string, { at, ...page }: HistoryQuery) {
  const instance = await readInstance(caller, type, id);
  const [steps, stood] = await Promise.all([
    pageOfSteps(instance, page),
    at === undefined ? undefined : stoodAt(instance, at),
  ]);
  return stood === undefined ? steps : { ...steps, at: stood };
}

async function pageOfSteps(instance: MachineInstance, page: Omit<HistoryQuery, 'at'>) {
  const purpose = `state-machine.history.${instance._id}`;
  const after = page.cursor === undefined ? null : Number(decodeCursor(purpose, page.cursor));
  // From the last row of the page before, because that is what this page's first row must follow.
  const wanted = page.limit + (after === null ? 1 : 2);
  const rows = await Transitions.native()
    .find({ instance: instance._id, seq: { $gte: after ?? 0 } }, bounded)
    .sort({ seq: 1 })
    .limit(wanted)
    .toArray();
  const complete = rows[0]?.seq === (after ?? 0) && (rows.length === wanted || endsWell(instance, rows));
  const chain: 'intact' | 'broken' = complete && verifyChain(rows) ? 'intact' : 'broken';
  const shown = after === null ? rows : rows.slice(1);
  const outcomes = await outcomesOf(shown);
  const present = (row: Transition) => presentTransition(row, outcomes);
  return { ...toPage(shown, page.limit, present, (row) => encodeCursor(purpose, row.seq)), chain };
}

/** The rows reach the newest step, as the instance knows it. Steps taken since it was read may follow. */
function endsWell(instance: MachineInstance, rows: readonly Transition[]): boolean {
  return rows.find((row) => row.seq === instance.seq)?.hash === instance.lastHash;
}

/** Each row holds what its step came to: folding the log is finding the last one of then. */
async function stoodAt(instance: MachineInstance, at: string) {
  const seq = /^\d+$/u.test(at) ? Number(at) : await lastSeqBefore(instance, new Date(at));
  const step = seq === null ? null : await stepOf(instance, seq);
  if (!step) {
    throw stepUnknown(`${instance._id} stands at ${instance.seq} and was created ${instance.createdAt.toISOString()}`);
  }
  return presentStood(step, await tagsOf(step, instance.type));
}

/** The number of the last step that was taken at this moment or before, by halving; null before the first. */
async function lastSeqBefore(instance: MachineInstance, moment: Date): Promise<number | null> {
  let low = -1;
  let high = instance.seq;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const step = await stepOf(instance, middle);
    if (step && step.at <= moment) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low < 0 ? null : low;
}

async function stepOf({ _id, seq: newest }: MachineInstance, seq: number): Promise<Transition | null> {
  return seq > newest ? null : await Transitions.native().findOne({ instance: _id, seq }, bounded);
}

async function tagsOf({ to, version }: Transition, type: string): Promise<string[] | undefined> {
  try {
    const definition = await definitionFor(type, version);
    return definition && tagsAt(definition, to);
  } catch (error) {
    // A definition that cannot be run any more takes its tags along, not the past.
    if (error instanceof AppError && error.problem.code === notRunnable.kind.code) {
      return undefined;
    }
    throw error;
  }
}

/**
 * The whole story of an instance as it stands now, one JSON object a line: what it is, each step with what became of its
 * effects, its timers, and at the end whether the chain holds. A story without its last line is not whole.
 * Errors, before the first line: `state-machine.not-found`.
 */
export async function storyOf(caller: Asker, type: string, id: string): Promise<AsyncIterable<string>> {
  return linesOf(await readInstance(caller, type, id));
}

async function* linesOf(instance: MachineInstance): AsyncGenerator<string> {
  const check = new ChainCheck();
  yield line(presentSubject(instance));
  for await (const steps of inPages(
    Transitions.native()
      .find({ instance: instance._id, seq: { $lte: instance.seq } }, streamed)
      .sort({ seq: 1 }),
  )) {
    const outcomes = await outcomesOf(steps);
    for (const step of steps) {
      check.see(step);
      yield line({ kind: 'transition', ...presentTransition(step, outcomes) });
      yield* step.effects.map((_, index) =>
        line(presentEffect(step, index, outcomes, instance.forkedFrom !== undefined)),
      );
    }
  }
  // The ids of an instance's timers begin with its own; so do those of instances whose ids go on with a "-".
  const timers = Timers.native()
    .find({ _id: { $gte: `${instance._id}-`, $lt: `${instance._id}.` }, instance: instance._id }, streamed)
    .sort({ _id: 1 });
  for await (const timer of timers) {
    yield line(presentTimer(timer));
  }
  yield line({ kind: 'end', ...check.verdict(instance) });
}

function line(what: object): string {
  return `${JSON.stringify(what)}\n`;
}

/** The rows of a cursor in pages: so many that asking about their effects is one question. */
async function* inPages<Row>(rows: AsyncIterable<Row>): AsyncGenerator<Row[]> {
  let page: Row[] = [];
  for await (const row of rows) {
    page.push(row);
    if (page.length === limits.pageMax) {
      yield page;
      page = [];
    }
  }
  yield page;
}

/** The work rows of steps' effects, by cause. Settled ones are kept for a day. */
async function outcomesOf(steps: readonly Transition[]): Promise<Map<string, WorkRow>> {
  const causes = steps.flatMap((step) => step.effects.map((_, index) => causeOfEffect(step, index)));
  if (causes.length === 0) {
    return new Map();
  }
  const requestIds = [...new Set(steps.map(({ requestId }) => requestId))];
  const rows = await Work.native()
    .find({ requestId: { $in: requestIds }, actor: 'system', idempotencyKey: { $in: causes } }, bounded)
    .project<WorkRow>({ state: 1, idempotencyKey: 1, problem: 1, error: 1, attempts: 1, doneAt: 1 })
    .limit(causes.length)
    .toArray();
  return new Map(rows.map((row) => [row.idempotencyKey ?? '', row]));
}
