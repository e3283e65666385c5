// Settling effects: how they ended becomes their rows' state, with what follows from it, in one transaction that commits
// only while the tenure lasts.
import { afterCommit } from '../commands/after-commit.ts';
import { deadSettlement, recordFailures, reportFailures } from '../commands/failures.ts';
import { addDecision, emptyPlan, type Failure, type Plan } from '../commands/plan.ts';
import { tellEnds } from '../commands/tell.ts';
import type { Tenure } from '../commands/tenure.ts';
import { Work } from '../commands/work.ts';
import { settleRows, Stale, writeEffects } from '../commands/write.ts';
import { refreshReactors } from '../events/reactor.ts';
import { isTransient } from '../mongo/transaction.ts';
import type { Registry } from '../registry.ts';
import { RetryableError, retryOf, TerminalError, waitBefore, type EffectDefinition } from './effect.ts';
import type { Flight, Landed } from './flight.ts';

/** What a set of ends writes. */
interface EffectPlan {
  readonly plan: Plan;
  readonly failures: Failure[];
  readonly dead: Failure[];
}

/** Settles what landed in a flight. */
export class EffectSettler {
  readonly #registry: Registry;
  readonly #flight: Flight;
  /** A fault hid whether the last commit went through. */
  #unsure = false;

  constructor(registry: Registry, flight: Flight) {
    this.#registry = registry;
    this.#flight = flight;
  }

  /** Commits all that landed. Throws where the tenure is over or MongoDB is away: then it is done by the next call. */
  async settle(tenure: Tenure): Promise<void> {
    if (this.#unsure) {
      await this.#forgetSettled();
      this.#unsure = false;
    }
    const landed = this.#flight.landed();
    if (landed.length > 0) {
      await this.#settle(tenure, landed);
    }
  }

  async #settle(tenure: Tenure, landed: readonly Landed[]): Promise<void> {
    await refreshReactors(this.#registry);
    const now = new Date();
    try {
      await this.#commit(tenure, this.#planOf(landed, now), now);
    } catch (error) {
      if (isTransient(error) || error instanceof Stale || !(await this.#stillOwns(tenure))) {
        this.#unsure = true;
        throw error;
      }
      if (landed.length > 1) {
        for (const each of landed) {
          await this.#settle(tenure, [each]);
        }
        return;
      }
      // What follows from it cannot be written. It is not performed again for that: somebody has to look.
      const failures = landed.map(({ row }) => ({ row, error: asError(error) }));
      await this.#commit(tenure, { plan: emptyPlan(), failures, dead: failures }, now);
    }
    this.#flight.forget(landed.map(({ row }) => row._id));
  }

  async #stillOwns(tenure: Tenure): Promise<boolean> {
    await tenure.renew();
    return true;
  }

  async #commit(tenure: Tenure, { plan, failures, dead }: EffectPlan, now: Date): Promise<void> {
    const ended = [...plan.settlements, ...dead.map(deadSettlement)];
    plan.work.push(...tellEnds(this.#registry, ended, now));
    await tenure.transaction(async (session) => {
      await writeEffects(session, plan, null);
      await settleRows(session, plan, new Set(), now);
      if (failures.length > 0) {
        await recordFailures(session, failures, dead, new Set(), now);
      }
    });
    reportFailures(failures, dead);
    afterCommit(this.#registry, {
      settlements: ended,
      work: plan.work,
      events: plan.events.length,
      writes: plan.writes,
    });
  }

  #planOf(landed: readonly Landed[], now: Date): EffectPlan {
    const made: EffectPlan = { plan: emptyPlan(), failures: [], dead: [] };
    for (const each of landed) {
      const definition = this.#registry.effects.get(each.row.kind);
      const { retry, dead } = definition ? verdict(each, definition, now) : { retry: null, dead: each.error ?? null };
      if (retry) {
        made.failures.push(retry);
        continue;
      }
      const failed = this.#follow(made.plan, each, dead, definition, now);
      if (failed) {
        made.failures.push(failed);
        made.dead.push(failed);
      }
    }
    return made;
  }

  /** Adds what follows from an end to the plan; the failure where it is a dead letter. */
  #follow(
    plan: Plan,
    { row, result }: Landed,
    dead: Error | null,
    definition: EffectDefinition | undefined,
    now: Date,
  ): Failure | null {
    const mine = emptyPlan();
    try {
      const effect = { id: row._id, input: row.input };
      const ended = dead ? ({ state: 'dead', error: dead } as const) : ({ state: 'done', result } as const);
      const followed = definition?.settle?.(ended, effect, now) ?? {};
      addDecision(mine, this.#registry, row, { ...followed, result }, now);
    } catch (error) {
      return { row, error: asError(error) };
    }
    plan.writes.push(...mine.writes);
    plan.events.push(...mine.events);
    plan.work.push(...mine.work);
    if (dead) {
      return { row, error: dead };
    }
    plan.settlements.push(...mine.settlements);
    return null;
  }

  async #forgetSettled(): Promise<void> {
    const ids = this.#flight.landed().map(({ row }) => row._id);
    const undone = await Work.native()
      .find({ _id: { $in: ids }, state: 'new' }, { projection: { attempts: 1 } })
      .toArray();
    const attempts = new Map(undone.map((row) => [row._id, row.attempts]));
    const settled = this.#flight.landed().filter(({ row }) => attempts.get(row._id) !== row.attempts);
    this.#flight.forget(settled.map(({ row }) => row._id));
    if (settled.length > 0) {
      afterCommit(this.#registry, { settlements: [], work: [], events: settled.length, writes: [], uncertain: true });
    }
  }
}

/** Whether an end is one: a failure that is tried again and when, or what it died of, or neither. */
function verdict(
  { row, error }: Landed,
  definition: EffectDefinition,
  now: Date,
): { retry: Failure | null; dead: Error | null } {
  const retry = retryOf(definition);
  if (!error || error instanceof TerminalError || row.attempts + 1 >= retry.attempts) {
    return { retry: null, dead: error ?? null };
  }
  const asked = error instanceof RetryableError ? error.afterMs : 0;
  const retryAt = new Date(now.getTime() + Math.max(waitBefore(retry, row.attempts), asked));
  return { retry: { row, error, retryAt }, dead: null };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
