// The committer: takes a batch of rows, loads what they need once, decides them in order, writes one bulk for each
// collection in one transaction and answers all of them after the commit. Owners run it; so does the property test.
import { setTimeout as delay } from 'node:timers/promises';
import type { mongo } from 'mongoose';
import { pools, type PoolName } from '#config/pools.ts';
import { problems } from '../errors.ts';
import { logFor } from '../log.ts';
import { groupBy } from '../group-by.ts';
import { refreshReactors } from '../events/reactor.ts';
import { duplicateIn, isTooSlow, isTransient } from '../mongo/transaction.ts';
import { blocks, commandOf, type Registry } from '../registry.ts';
import { underBatchSpans, workFacts } from '../tracing/row-spans.ts';
import type { Command } from './command.ts';
import { deadSettlement, recordFailures, reportFailures } from './failures.ts';
import { Kept } from './kept.ts';
import { Overlay } from './overlay.ts';
import { commandFrom, decideAll, emptyPlan, type Failure, type Plan, type Settlement } from './plan.ts';
import { standingRows } from './standing.ts';
import { tellEnds } from './tell.ts';
import type { Tenure } from './tenure.ts';
import { Work, type WorkRow } from './work.ts';
import { settleRows, Stale, writeEffects } from './write.ts';

const log = logFor('committer');
const transientTries = 8;
/** After so many tries that took too long a batch is halved: what cannot be read at once may be read in parts. */
const slowTries = 2;

/** What a batch came to, told after its commit. */
export interface Committed {
  readonly settlements: readonly Settlement[];
  /** Rows that the batch asked to be done next. */
  readonly work: readonly WorkRow[];
  readonly events: number;
  /** The batch's puts and inserts, for projections. */
  readonly writes: Plan['writes'];
  /** The rows were found settled after a fault that hid their commit: what follows from it may be missing. */
  readonly uncertain?: boolean;
}

/** Runs batches of one pool under one tenure. */
export class Committer {
  readonly #registry: Registry;
  readonly #pool: PoolName;
  readonly #onCommitted: (committed: Committed) => void;
  /** Keys of the batch at hand whose rows wait: an earlier row, of a kind that says `block`, failed. */
  readonly #held = new Set<string>();
  /** Rows of the batch at hand that were handed over and are to be inserted as they end. */
  #unwritten = new Set<string>();
  readonly #kept = new Kept();
  #tenure: Tenure | undefined;

  constructor(registry: Registry, pool: PoolName, onCommitted: (committed: Committed) => void) {
    this.#registry = registry;
    this.#pool = pool;
    this.#onCommitted = onCommitted;
  }

  /**
   * Settles the rows, or leaves them for another try. Rows that failed before go alone, so that a culprit takes
   * nobody with it. `unwritten` names the rows that are not in MongoDB yet: they are inserted as they end. Throws only
   * when the tenure is over or MongoDB stays away: then nothing is known to be lost.
   */
  async commit(tenure: Tenure, rows: readonly WorkRow[], unwritten: ReadonlySet<string> = new Set()): Promise<void> {
    if (tenure !== this.#tenure) {
      this.#tenure = tenure;
      this.#kept.forget();
    }
    this.#held.clear();
    this.#unwritten = new Set(unwritten);
    // With a suspect go the rows of its key, so that the order within a key holds.
    const suspected = new Set(rows.filter((row) => row.attempts > 0).map((row) => row.key));
    const goesAlone = (row: WorkRow): boolean => suspected.has(row.key);
    const fresh = rows.filter((row) => !goesAlone(row));
    if (fresh.length > 0) {
      await this.#settle(tenure, fresh);
    }
    for (const suspect of rows.filter(goesAlone)) {
      if (this.#held.has(suspect.key)) {
        continue;
      }
      if (suspect.attempts >= pools[this.#pool].maxAttempts) {
        await this.#giveUp(tenure, suspect, new Error(suspect.error ?? 'Its process ended each time it was tried'));
      } else {
        await this.#settle(tenure, [suspect]);
      }
    }
  }

  /** The owner's shards are others now: what it remembers may have been written by somebody else. */
  forget(): void {
    this.#kept.forget();
  }

  /** One batch: passing faults start it again from a fresh read, a lasting one halves it until the culprit is alone. */
  async #settle(tenure: Tenure, rows: readonly WorkRow[]): Promise<void> {
    let pending = rows.filter((row) => !this.#held.has(row.key));
    let duplicates = 0;
    for (let attempt = 1; pending.length > 0; attempt += 1) {
      try {
        const spans = { each: 'work.decide', commit: 'work.commit', pool: this.#pool, factsOf: workFacts };
        await underBatchSpans(spans, pending, async (rows, decided) => await this.#run(tenure, rows, decided));
        return;
      } catch (error) {
        this.#kept.forget();
        const passing = isTransient(error) || error instanceof Stale || (duplicateIn(error) && (duplicates += 1) === 1);
        // MongoDB answers, but not in time for as much as this.
        const tooMuch = attempt >= slowTries && isTooSlow(error) && pending.length > 1;
        if (!passing || tooMuch) {
          await this.#isolate(tenure, pending, error);
          return;
        }
        if (attempt === transientTries) {
          throw error;
        }
        log.debug({ pool: this.#pool, rows: pending.length, reason: String(error) }, 'Trying a batch again');
        await delay(Math.random() * 10 * 2 ** Math.min(attempt, 6));
        // The fault may have hidden a commit: look before doing it again.
        pending = await this.#stillNew(pending);
      }
    }
  }

  async #run(tenure: Tenure, rows: readonly WorkRow[], decided: (failures: readonly Failure[]) => void): Promise<void> {
    const overlay = new Overlay(this.#kept);
    const { commands, failures: unread } = this.#parse(rows);
    // Taken is written before anything is decided: a command that kills its process leaves its name behind.
    const [known] = await Promise.all([
      this.#knownBefore(rows),
      tenure.take(rows.map((row) => row._id)),
      this.#load(overlay, [...commands.values()]),
      refreshReactors(this.#registry),
    ]);
    known.forEach((_, row) => commands.delete(row));
    const now = new Date();
    const plan = decideAll(this.#registry, overlay, commands, now);
    const failures = [...unread, ...plan.failures].filter(({ row }) => !known.has(row));
    if (plan.settlements.length + failures.length === 0) {
      // No commit of this batch says that a majority has what they are answered by: ask.
      const sure = await this.#knownBefore(rows, { readConcern: 'majority' });
      this.#onCommitted({ settlements: [...sure.values()].flat(), work: [], events: 0, writes: [] });
      return;
    }
    const dead = failures.filter(({ row }) => row.attempts + 1 >= pools[this.#pool].maxAttempts);
    decided(failures);
    const ended = [...plan.settlements, ...dead.map(deadSettlement)];
    plan.work.push(...tellEnds(this.#registry, ended, now));
    await tenure.transaction(async (session) => {
      await writeEffects(session, plan, { overlay, guarded: false });
      await settleRows(session, plan, this.#unwritten, now);
      if (failures.length > 0) {
        await recordFailures(session, failures, dead, this.#unwritten, now);
      }
    });
    plan.writes.forEach(({ into, doc }) => this.#kept.set(into, doc));
    if (failures.length > 0) {
      this.#hold(failures);
      reportFailures(failures, dead);
    }
    this.#onCommitted({
      settlements: [...[...known.values()].flat(), ...ended],
      work: plan.work,
      events: plan.events.length,
      writes: plan.writes,
    });
  }

  /**
   * Rows that were handed over although a written row stands for them, with the answer where that one has it. Only a row
   * with a key can be a repeat; another one that is there after all refuses the insert, and is then looked for.
   */
  async #knownBefore(rows: readonly WorkRow[], options?: mongo.FindOptions): Promise<Map<WorkRow, Settlement[]>> {
    const asked = rows.filter(({ _id, idempotencyKey }) => idempotencyKey !== undefined && this.#unwritten.has(_id));
    const standing = asked.length > 0 ? await standingRows(asked, options) : new Map<string, WorkRow>();
    const known = asked.flatMap((row) => {
      const first = standing.get(row._id);
      return first ? [[row, answerBy(row, first)] as const] : [];
    });
    return new Map(known);
  }

  #parse(rows: readonly WorkRow[]): { commands: Map<WorkRow, Command>; failures: Failure[] } {
    const commands = new Map<WorkRow, Command>();
    const failures: Failure[] = [];
    const waiting = new Set<string>();
    for (const row of rows) {
      if (waiting.has(row.key)) {
        continue;
      }
      try {
        commands.set(row, commandFrom(this.#registry, row));
      } catch (error) {
        failures.push({ row, error: error as Error });
        if (this.#blocks(row)) {
          waiting.add(row.key);
        }
      }
    }
    return { commands, failures };
  }

  #blocks(row: WorkRow): boolean {
    return blocks(this.#registry, row);
  }

  #hold(failures: readonly Failure[]): void {
    for (const { row } of failures.filter((failure) => this.#blocks(failure.row))) {
      this.#held.add(row.key);
    }
  }

  async #load(overlay: Overlay, commands: readonly Command[]): Promise<void> {
    const byKind = groupBy(commands, (command) => command.kind);
    await Promise.all(
      [...byKind].map(async ([kind, group]) => await commandOf(this.#registry, kind).load(group, overlay)),
    );
  }

  async #isolate(tenure: Tenure, rows: readonly WorkRow[], error: unknown): Promise<void> {
    if (rows.length > 1) {
      const middle = Math.ceil(rows.length / 2);
      await this.#settle(tenure, rows.slice(0, middle));
      await this.#settle(tenure, rows.slice(middle));
      return;
    }
    const [row] = rows;
    if (row) {
      await this.#giveUp(tenure, row, error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Counts a failed attempt of a row that stands alone; after the last one it is a dead letter. */
  async #giveUp(tenure: Tenure, row: WorkRow, error: Error): Promise<void> {
    const failure = { row, error };
    const dead = row.attempts + 1 >= pools[this.#pool].maxAttempts ? [failure] : [];
    const now = new Date();
    const settlements = dead.map(deadSettlement);
    const work = tellEnds(this.#registry, settlements, now);
    await tenure.transaction(async (session) => {
      await writeEffects(session, { ...emptyPlan(), work }, null);
      await recordFailures(session, [failure], dead, this.#unwritten, now);
    });
    this.#hold([failure]);
    reportFailures([failure], dead);
    this.#onCommitted({ settlements, work, events: 0, writes: [] });
  }

  async #stillNew(rows: readonly WorkRow[]): Promise<WorkRow[]> {
    const found = await Work.native()
      .find({ _id: { $in: rows.map((row) => row._id) } })
      .toArray();
    const settled = found.filter((row) => row.state !== 'new');
    if (settled.length > 0) {
      this.#onCommitted({
        // Whoever waits looks among what a majority has: an election may still take this back.
        settlements: [],
        work: [],
        events: settled.length,
        writes: [],
        uncertain: true,
      });
    }
    const there = new Map(found.map((row) => [row._id, row]));
    there.forEach((_, id) => this.#unwritten.delete(id));
    return rows.flatMap((row) => {
      const now = there.get(row._id) ?? (this.#unwritten.has(row._id) ? row : undefined);
      return now?.state === 'new' ? [now] : [];
    });
  }
}

function settlementOf(row: WorkRow): Settlement {
  const { result, status, problem, replayed } = row;
  return { row, state: row.state as Settlement['state'], result, status, problem, replayed };
}

/** The answer to a row by the one that stands for it; none while that is undone: the caller then waits for it. */
function answerBy(row: WorkRow, standing: WorkRow): Settlement[] {
  if (standing.requestHash !== row.requestHash) {
    return [{ row, state: 'refused', problem: problems.keyReused().problem }];
  }
  if (standing.state === 'new') {
    return [];
  }
  const { replayed = false, ...settlement } = settlementOf(standing);
  return [{ ...settlement, row, replayed: replayed || standing._id !== row._id }];
}
