// Binds charts to the service: what a step of theirs is committed with, and what becomes of their effects. Which
// definition an instance runs on: definitions/.
import { z } from 'zod';
import type { Command, Decision, EventDraft, WorkDraft } from '#src/platform/commands/command.ts';
import type { AppError } from '#src/platform/errors.ts';
import type { MachineDefinition } from '#src/platform/machines/definition.ts';
import type { Advance, StepCause } from '#src/platform/machines/instance.ts';
import { MachineFault } from '#src/platform/machines/fault.ts';
import type { Effect } from '#src/platform/machines/kernel.ts';
import type { MachineInstance } from '#src/platform/machines/store.ts';
import { emittedData } from './definitions/definitions.policy.ts';
import { stepFailed } from './state-machine.errors.ts';
import { machineTransitioned } from './state-machine.events.ts';
import { eventBody, sendKind } from './state-machine.schema.ts';

/** The feeds that hear of an instance. */
function audienceOf(instance: MachineInstance): string[] {
  return [`machine.${instance._id}`, ...(instance.owner === null ? [] : [`user.${instance.owner}`])];
}

const emitParams = z.strictObject({ type: z.string(), data: z.record(z.string(), z.unknown()) });
const signalParams = z.strictObject({ type: z.string(), id: z.string(), event: eventBody });

/** What follows from a step. Throws MachineFault where the chart asks for something that cannot be done. */
export function consequencesOf(
  definition: MachineDefinition,
  { instance, transition }: Pick<Advance, 'instance' | 'transition'>,
): { events: EventDraft[]; work: WorkDraft[] } {
  if (instance.forkedFrom) {
    // A trial of what might be: nobody hears of it, and nothing is done.
    return { events: [], work: [] };
  }
  const audience = audienceOf(instance);
  const subject = `machine.${instance._id}`;
  const { seq, from, to, status, changed } = transition;
  const events = [
    machineTransitioned.draft({
      subject,
      audience,
      data: { type: instance.type, id: instance.key, seq, event: transition.event.type, from, to, status, changed },
    }),
  ];
  const work: WorkDraft[] = [];
  for (const [index, effect] of transition.effects.entries()) {
    if (effect.name === 'emit') {
      events.push({ ...emitted(definition, effect), subject, audience });
    } else if (effect.name === 'signal') {
      const cause = `e.${instance._id}-${seq}-${index}`;
      work.push({ kind: sendKind, input: paramsOf(definition, effect, signalParams), cause });
    } else {
      throw new MachineFault(`The machine ${definition.type} asks for the effect ${effect.name}, which nobody does`);
    }
  }
  return { events, work };
}

/** A chart speaks for itself only: types of its own, with data of their shape. */
function emitted(definition: MachineDefinition, effect: Effect): Pick<EventDraft, 'type' | 'data'> {
  const { type, data } = paramsOf(definition, effect, emitParams);
  if (!emittedData(definition.type, type)?.safeParse(data).success) {
    throw new MachineFault(`The machine ${definition.type} emits ${type}, which is not an event of its own or not so`);
  }
  return { type, data };
}

function paramsOf<Params>(definition: MachineDefinition, effect: Effect, schema: z.ZodType<Params>): Params {
  const parsed = schema.safeParse(effect.params);
  if (!parsed.success) {
    throw new MachineFault(`The machine ${definition.type} gives ${effect.name} params that do not fit`, parsed.error);
  }
  return parsed.data;
}

/** Who and what causes the step of a command; `eventId` where it is not where the command came from. */
export function causeOf(command: Command, now: Date, eventId = command.origin): StepCause {
  const { actor, requestId, share } = command;
  return { eventId, actor, requestId, now, ...(share === undefined ? {} : { share }) };
}

/** What is committed of a step: its rows and what follows from it. Throws MachineFault as `consequencesOf` does. */
export function decisionOf(
  definition: MachineDefinition,
  taken: Advance,
): Required<Pick<Decision, 'writes' | 'events' | 'work'>> {
  return { writes: taken.writes, ...consequencesOf(definition, taken) };
}

/** A chart that fails is a final no for whoever sent the event: it would fail again. */
export function unlessFailed(decide: () => Decision | AppError): Decision | AppError {
  try {
    return decide();
  } catch (error) {
    if (error instanceof MachineFault) {
      return stepFailed(error.message);
    }
    throw error;
  }
}
