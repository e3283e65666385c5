// Playing the log of an instance again: the same definitions, events, people and moments, one step after another, give the
// same rows to the hash. Pure. Called where somebody asks what an instance was at a step.
import { migrated } from './data/migrate.ts';
import { migrationPlan } from './data/migration.ts';
import type { MachineDefinition } from './definition.ts';
import { MachineFault } from './fault.ts';
import { advance, create, expire, halt, move, settleChild, type Advance, type StepCause } from './instance.ts';
import type { ChildRef, NotAccepted } from './kernel.ts';
import type { MachineInstance, Transition } from './store.ts';

/** The log cannot be played again from this step on. */
export class ReplayFault extends Error {
  readonly seq: number;

  constructor(seq: number, reason: string, cause?: unknown) {
    super(`Step ${seq} cannot be played again: ${reason}`, { cause });
    this.name = 'ReplayFault';
    this.seq = seq;
  }
}

/** One instance that is played again: hand it the rows in order of `seq`, from 0. */
export class Replay {
  readonly #born: Pick<MachineInstance, 'key' | 'inputHash'>;
  #instance: MachineInstance | undefined;
  /** The definition of the last row. */
  #definition: MachineDefinition | undefined;

  constructor(born: Pick<MachineInstance, 'key' | 'inputHash'>) {
    this.#born = born;
  }

  /**
   * The instance as it stood after the last row. Its timers are those its steps armed: one that went off and changed
   * nothing has left no step, and is still there.
   */
  get instance(): MachineInstance {
    if (!this.#instance) {
      throw new Error('Nothing has been played yet');
    }
    return this.#instance;
  }

  /**
   * Takes the next row, with the definition of its version. Throws ReplayFault where the step does not come to the row
   * that is stored, hash and all, or is none that the chart took.
   */
  take(definition: MachineDefinition, row: Transition): void {
    const { transition, instance } = this.#again(definition, row);
    if (transition.hash !== row.hash) {
      throw new ReplayFault(row.seq, 'it comes to something else than what is stored');
    }
    this.#instance = instance;
    this.#definition = definition;
  }

  #again(definition: MachineDefinition, row: Transition): Advance {
    let outcome: Advance | NotAccepted;
    try {
      outcome = this.#step(definition, row);
    } catch (error) {
      throw error instanceof MachineFault ? new ReplayFault(row.seq, error.message, error) : error;
    }
    if (!outcome.accepted) {
      throw new ReplayFault(row.seq, `nothing takes ${row.event.type} there`);
    }
    return outcome;
  }

  #step(definition: MachineDefinition, row: Transition): Advance | NotAccepted {
    const cause = { eventId: row.eventId, actor: row.actor, requestId: row.requestId, now: row.at };
    if (!this.#instance || !this.#definition) {
      if (row.event.type !== 'created') {
        throw new ReplayFault(row.seq, 'it was not created by itself');
      }
      const input = (row.event['input'] ?? {}) as Record<string, unknown>;
      return create(definition, { id: this.#born.key, input, inputHash: this.#born.inputHash }, cause);
    }
    if (row.version !== this.#instance.version) {
      return movedTo(definition, this.#definition, this.#instance, row, cause);
    }
    return stepFrom(definition, this.#instance, row, cause);
  }
}

/** A row of another version than the one before it moved the instance there: it carries the plan it followed. */
function movedTo(
  to: MachineDefinition,
  from: MachineDefinition,
  before: MachineInstance,
  { event, at }: Transition,
  cause: StepCause,
): Advance | NotAccepted {
  const plan = migrationPlan.safeParse(planIn(event));
  if (!plan.success) {
    throw new MachineFault('The plan it was moved by cannot be read', plan.error);
  }
  const as = (timers: MachineInstance['timers']) => migrated({ ...before, timers }, from, to, plan.data, cause);
  const all = as(before.timers);
  // A timer that went off without a step is still among them, and may have no place on the other side.
  const migrating = all.accepted ? all : as(before.timers.filter(({ dueAt }) => dueAt > at));
  return migrating.accepted ? move(to, before, migrating, event, cause) : { accepted: false, accepts: [] };
}

function planIn({ plan }: Transition['event']): unknown {
  try {
    return typeof plan === 'string' ? JSON.parse(plan) : undefined;
  } catch {
    return undefined;
  }
}

/** The row itself says what kind of step it was: a timer by its id, the end of a child or of all by its event. */
function stepFrom(
  definition: MachineDefinition,
  before: MachineInstance,
  { eventId, event, effects }: Transition,
  cause: StepCause,
): Advance | NotAccepted {
  const timer = before.timers.find(({ id }) => eventId === `t.${id}`);
  if (timer) {
    return expire(definition, before, timer, cause);
  }
  if (event.type.startsWith('@')) {
    return halt(definition, before, event, effects.length > 0, cause);
  }
  const { child } = event as { readonly child?: ChildRef };
  if (child && /^(?:done|error)\./u.test(event.type)) {
    const end = 'error' in event ? { error: event['error'] ?? null } : { output: event['output'] ?? null };
    return settleChild(definition, before, child, end, cause);
  }
  return advance(definition, before, event, cause);
}
