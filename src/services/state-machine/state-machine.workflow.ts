// Binds the charts of machines/ to the service: which definition an instance runs on, and what its effects become.
import { z } from 'zod';
import { machines } from '#machines/index.ts';
import type { EventDraft, WorkDraft } from '#src/platform/commands/command.ts';
import { eventCatalogue } from '#src/platform/events/event.ts';
import type { MachineDefinition } from '#src/platform/machines/definition.ts';
import type { Advance } from '#src/platform/machines/instance.ts';
import { MachineFault } from '#src/platform/machines/fault.ts';
import type { Effect } from '#src/platform/machines/kernel.ts';
import type { MachineInstance } from '#src/platform/machines/store.ts';
import { machineTransitioned } from './state-machine.events.ts';
import { eventBody } from './state-machine.schema.ts';

const definitions: readonly MachineDefinition[] = machines;

/** The kind of the command that sends an event; effects of the type `signal` become such commands. */
export const sendKind = 'state-machine.event.send';

/** A version of a type, the newest where none is named; undefined where there is none. */
export function findDefinition(type: string, version?: number): MachineDefinition | undefined {
  return definitions
    .filter((definition) => definition.type === type && (version === undefined || definition.version === version))
    .toSorted((left, right) => right.version - left.version)[0];
}

/** The definition an instance runs on. Throws where this process lacks it: that is a deploy gone wrong, not a no. */
export function definitionOf(instance: Pick<MachineInstance, '_id' | 'type' | 'version'>): MachineDefinition {
  const found = definitions.find(({ type, version }) => type === instance.type && version === instance.version);
  if (!found) {
    throw new Error(`${instance._id} runs on version ${instance.version} of its machine, which machines/ lacks`);
  }
  return found;
}

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
  const event = type.startsWith(`${definition.type}.`) ? eventCatalogue.get(type) : undefined;
  if (!event?.data.safeParse(data).success) {
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
