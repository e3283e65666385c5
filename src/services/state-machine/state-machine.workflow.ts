// Binds charts to the service: what a step of theirs is committed with, and what becomes of their effects. Which
// definition an instance runs on: definitions/.
import { put, type Command, type Decision, type EventDraft, type WorkDraft } from '#src/platform/commands/command.ts';
import type { AppError } from '#src/platform/errors.ts';
import type { MachineDefinition } from '#src/platform/machines/definition.ts';
import type { Advance, StepCause } from '#src/platform/machines/instance.ts';
import { LackingFault, MachineFault } from '#src/platform/machines/fault.ts';
import { MachineInstances, type MachineInstance } from '#src/platform/machines/store.ts';
import { childWorkOf } from './children/children.workflow.ts';
import { laterTry, nextDeferred, Tries } from './early/early.workflow.ts';
import { effectsMade } from './effects/effects.workflow.ts';
import { stepFailed } from './state-machine.errors.ts';
import { ownerReads } from './state-machine.policy.ts';
import { machineTransitioned } from './state-machine.events.ts';

/** The feeds that hear of an instance: its own, and its owner's where they may read it. */
function audienceOf(instance: MachineInstance): string[] {
  return [`machine.${instance._id}`, ...(ownerReads(instance) ? [`user.${instance.owner}`] : [])];
}

/** What follows from a step beside its own rows. */
interface Consequences {
  readonly events: readonly EventDraft[];
  readonly work: readonly WorkDraft[];
  /** The instance, with what it has to remember of its effects. */
  readonly instance: MachineInstance;
}

/** What follows from a step. Throws MachineFault where the chart asks for something that cannot be done. */
export function consequencesOf(definition: MachineDefinition, advance: Advance): Consequences {
  const { instance, transition } = advance;
  if (instance.forkedFrom) {
    // A trial of what might be: nobody hears of it, and nothing is done.
    return { events: [], work: [], instance };
  }
  const audience = audienceOf(instance);
  const subject = `machine.${instance._id}`;
  const { seq, from, to, status, changed } = transition;
  const moved = machineTransitioned.draft({
    subject,
    audience,
    data: { type: instance.type, id: instance.key, seq, event: transition.event.type, from, to, status, changed },
  });
  const made = effectsMade(definition, advance);
  return {
    events: [moved, ...made.events.map((event) => ({ ...event, subject, audience }))],
    work: [...made.work, ...childWorkOf(advance)],
    // What has ended hears nothing any more.
    instance: { ...instance, ...made.changes, ...(status !== 'active' && instance.mailbox ? { mailbox: [] } : {}) },
  };
}

/** Who and what causes the step of a command; `eventId` where it is not where the command came from. */
export function causeOf(command: Command, now: Date, eventId = command.origin): StepCause {
  const { actor, requestId, share, credit } = command;
  return {
    eventId,
    actor,
    requestId,
    now,
    ...(share === undefined ? {} : { share }),
    ...(credit === undefined ? {} : { credit }),
  };
}

type Committed = Required<Pick<Decision, 'writes' | 'events' | 'work'>> & Pick<Decision, 'credit'>;

/**
 * What is committed of a step: its rows and what follows from it, and the steps of the events that waited for it.
 * Throws MachineFault as `consequencesOf` does.
 */
export function decisionOf(definition: MachineDefinition, taken: Advance): Committed {
  const { committed, instance } = stepCommitted(definition, taken);
  return joined([committed, ...waitingTaken(definition, instance, taken.transition.at)]);
}

/**
 * What is committed of events that wait and are taken now, from the one of the event id `from` on. Those that this
 * decision has no tries left for are tried by a row of their own, so that none is forgotten.
 */
export function decisionOfWaiting(
  definition: MachineDefinition,
  instance: MachineInstance,
  now: Date,
  from: string,
): Committed {
  return joined(waitingTaken(definition, instance, now, from));
}

function stepCommitted(definition: MachineDefinition, step: Advance) {
  const { events, work, instance } = consequencesOf(definition, step);
  const credit = step.credit === undefined ? {} : { credit: step.credit };
  return {
    instance,
    committed: { writes: [...step.writes, put(MachineInstances, instance)], events, work, ...credit },
  };
}

function waitingTaken(
  definition: MachineDefinition,
  waiting: MachineInstance,
  now: Date,
  begin?: string,
): readonly Committed[] {
  const parts: Committed[] = [];
  if (!waiting.mailbox || waiting.mailbox.length === 0) {
    return parts;
  }
  const tries = new Tries();
  const follow = (step: Advance) => stepCommitted(definition, step);
  let instance = waiting;
  for (let from = begin; ; from = undefined) {
    const next = nextDeferred(definition, instance, { now, tries, from }, follow);
    if (next === null) {
      return parts;
    }
    if ('untried' in next) {
      return [...parts, { writes: [], events: [], work: [laterTry(instance, next.untried)] }];
    }
    parts.push(next.taken.committed);
    instance = next.taken.instance;
  }
}

function joined(parts: readonly Committed[]): Committed {
  const credits = parts.flatMap(({ credit }) => credit ?? []);
  return {
    writes: parts.flatMap(({ writes }) => writes),
    events: parts.flatMap(({ events }) => events),
    work: parts.flatMap(({ work }) => work),
    ...(credits.length === 0 ? {} : { credit: Math.min(...credits) }),
  };
}

/** Who hears of a chart that fails. */
interface Hearing {
  /** False: why it failed is not for them, since a rule that fails shows what it asks for. */
  readonly tell?: boolean;
  /** Who asked, where that may be the product itself. */
  readonly actor?: string;
}

/**
 * A chart that fails is a final no for whoever asked: it would fail again. What the product asked for itself and lacks
 * the means for is thrown instead: nobody waits for an answer, and the row comes again and is kept where it gives up.
 */
export function unlessFailed(
  decide: () => Decision | AppError,
  { tell = true, actor }: Hearing = {},
): Decision | AppError {
  try {
    return decide();
  } catch (error) {
    if (!(error instanceof MachineFault) || (error instanceof LackingFault && actor === 'system')) {
      throw error;
    }
    return stepFailed(tell ? error.message : undefined);
  }
}
