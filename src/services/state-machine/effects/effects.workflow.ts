// What the effects of a step become: events, work rows, and the list of what can be undone. Pure.
import type { z } from 'zod';
import { limits } from '#config/limits.ts';
import { retention } from '#config/retention.ts';
import type { EventDraft, WorkDraft } from '#src/platform/commands/command.ts';
import { newId } from '#src/platform/ids.ts';
import type { MachineDefinition } from '#src/platform/machines/definition.ts';
import {
  builtInEffects,
  machineEffects,
  type EffectContext,
  type MachineEffect,
} from '#src/platform/machines/effects.ts';
import { LackingFault, MachineFault } from '#src/platform/machines/fault.ts';
import type { Advance } from '#src/platform/machines/instance.ts';
import type { Effect } from '#src/platform/machines/kernel.ts';
import type { Transition, Undoable } from '#src/platform/machines/store.ts';
import { emittedData } from '../definitions/definitions.policy.ts';
import { childEndKind } from '../children/children.schema.ts';
import { createKind, sendKind } from '../state-machine.schema.ts';
import { undoKind } from './effects.schema.ts';

/** The newest effects of an instance that can be undone, and the most that may wait to be. */
const mostUndoable = 100;
const mostUndoing = 1_000;

/** What of an instance can be undone, and what is being undone. */
interface Lists {
  readonly undo: readonly Undoable[];
  readonly undoing: readonly Undoable[];
  /** Older ones that cannot be undone any more. */
  readonly undoLost?: number;
}

/** What the effects of a step become. */
export interface EffectsMade {
  readonly events: readonly Pick<EventDraft, 'type' | 'data'>[];
  readonly work: readonly WorkDraft[];
  /** What of the instance is as it was not before: empty where nothing. */
  readonly changes: Partial<Lists>;
}

/** The cause of the row that does an effect: of which instance, of which step, which of its effects. */
export function causeOfEffect({ instance, seq }: Pick<Transition, 'instance' | 'seq'>, index: number): string {
  return `e.${instance}-${seq}-${index}`;
}

/** What the effects of a step become. Throws MachineFault where a chart asks for what cannot be done. */
export function effectsMade(
  definition: MachineDefinition,
  { instance, transition }: Pick<Advance, 'instance' | 'transition'>,
): EffectsMade {
  const { actor, effects, at } = transition;
  const about = { instance: instance._id, owner: instance.owner, actor };
  const before: Lists = { undo: instance.undo ?? [], undoing: instance.undoing ?? [] };
  const events: Pick<EventDraft, 'type' | 'data'>[] = [];
  const work: WorkDraft[] = [];
  let lists: Lists = before;
  for (const [index, effect] of effects.entries()) {
    const draft = rowOf(effect, about, causeOfEffect(transition, index), at);
    if (draft) {
      work.push(draft);
      lists = draft.id === undefined ? lists : withNewest(lists, { work: draft.id, ...named(effect) }, instance);
    } else if (effect.name === 'compensate') {
      lists = waitingToBeUndone(lists);
    } else if (effect.name === 'emit') {
      events.push(emitted(definition, effect));
    }
  }
  if (before.undoing.length === 0 && lists.undoing.length > 0) {
    work.push({ kind: undoKind, input: { instance: instance._id }, cause: `u.${instance._id}-${transition.seq}` });
  }
  return { events, work, changes: lists === before ? {} : lists };
}

/** The row that does an effect; null where it needs none. */
function rowOf(effect: Effect, about: EffectContext, cause: string, now: Date): WorkDraft | null {
  const registered = machineEffects.get(effect.name);
  if (registered) {
    return draftOf(registered, effect, about, cause);
  }
  if (effect.child) {
    throw childWithoutEnd(about, effect);
  }
  switch (effect.name) {
    case 'signal':
      return { kind: sendKind, input: paramsOf(effect, builtInEffects.signal.input), cause };
    case 'schedule':
      return { ...scheduled(effect, now), cause };
    case 'compensate':
    case 'emit':
    case 'log':
      return null;
    default:
      throw new LackingFault(`${about.instance} asks for the effect ${effect.name}, which nobody does`);
  }
}

/** What the runtime does itself never ends; what nobody does yet may be done by another version of the product. */
function childWithoutEnd({ instance }: EffectContext, { name }: Effect): MachineFault {
  const reason = `${instance} begins the effect ${name} as a child, which nobody would end`;
  return Object.hasOwn(builtInEffects, name) ? new MachineFault(reason) : new LackingFault(reason);
}

function named({ name, params }: Effect): Pick<Undoable, 'name' | 'params'> {
  return { name, params };
}

/** The oldest make room for the newest; how many did is kept, for whoever relies on their being undone. */
function withNewest(lists: Lists, newest: Undoable, { undoLost = 0 }: Pick<Lists, 'undoLost'>): Lists {
  const undo = [...lists.undo, newest];
  const lost = (lists.undoLost ?? undoLost) + Math.max(0, undo.length - mostUndoable);
  return { ...lists, undo: undo.slice(-mostUndoable), ...(lost === 0 ? {} : { undoLost: lost }) };
}

function waitingToBeUndone({ undo, undoing, ...rest }: Lists): Lists {
  if (undoing.length + undo.length > mostUndoing) {
    throw new MachineFault(`More than ${mostUndoing} effects would wait to be undone`);
  }
  return { ...rest, undo: [], undoing: [...undoing, ...undo] };
}

/** The row that does an effect. One that can be undone has an id to be found by, and is kept for that. */
function draftOf(registered: MachineEffect, effect: Effect, about: EffectContext, cause: string): WorkDraft {
  const { kind } = registered;
  const input = asked(effect, () => registered.toInput(paramsOf(effect, registered.input), about));
  const tell = effect.child && { kind: childEndKind, input: { instance: about.instance, child: effect.child } };
  return {
    kind,
    input,
    cause,
    ...(tell ? { tell } : {}),
    ...(registered.compensation ? { id: newId(), keepMs: retention.workUndoableMs } : {}),
  };
}

/**
 * The row that undoes an effect, by what it came to; null where there is nothing to undo. `again` tells its cause from
 * those of earlier tries. Throws MachineFault.
 */
export function undoDraft(
  { name, params, work }: Undoable,
  result: unknown,
  about: EffectContext,
  again: string,
): WorkDraft | null {
  const effect = machineEffects.get(name);
  const undoing = asked({ name }, () => {
    if (!effect?.compensation) {
      throw new Error('it is not known any more');
    }
    const { compensation, input } = effect;
    return { name: compensation.effect, params: compensation.params(paramsOf({ name, params }, input), result) };
  });
  if (undoing.params === null) {
    return null;
  }
  const undoer = machineEffects.get(undoing.name);
  if (!undoer) {
    throw new MachineFault(`The effect ${name} is undone by ${undoing.name}, which nobody does`);
  }
  return {
    kind: undoer.kind,
    input: asked(undoing, () => undoer.toInput(paramsOf(undoing, undoer.input), about)),
    cause: `u.${work}${again}`,
    tell: { kind: undoKind, input: { instance: about.instance, undone: work } },
  };
}

/** A chart speaks for itself only: types of its own, with data of their shape. */
function emitted(definition: MachineDefinition, effect: Effect): Pick<EventDraft, 'type' | 'data'> {
  const { type, data } = paramsOf(effect, builtInEffects.emit.input);
  if (!emittedData(definition.type, type)?.safeParse(data).success) {
    throw new MachineFault(`The machine ${definition.type} emits ${type}, which is not an event of its own or not so`);
  }
  return { type, data };
}

function scheduled(effect: Effect, now: Date): Omit<WorkDraft, 'cause'> {
  const { type, id, at, event, input } = paramsOf(effect, builtInEffects.schedule.input);
  const notBefore = new Date(at);
  if (notBefore.getTime() - now.getTime() > limits.machineDelayMs) {
    throw new MachineFault(`${effect.name} names a time more than a year away`);
  }
  return event
    ? { kind: sendKind, input: { type, id, event }, notBefore }
    : { kind: createKind, input: { type, id, ...(input === undefined ? {} : { input }) }, notBefore };
}

function paramsOf<Params>({ name, params }: Pick<Effect, 'name' | 'params'>, schema: z.ZodType<Params>): Params {
  const parsed = schema.safeParse(params);
  if (!parsed.success) {
    throw new MachineFault(`The effect ${name} is given params that do not fit`, parsed.error);
  }
  return parsed.data;
}

function asked<Result>({ name }: { readonly name: string }, make: () => Result): Result {
  try {
    return make();
  } catch (error) {
    throw error instanceof MachineFault ? error : new MachineFault(`The effect ${name} cannot be asked for`, error);
  }
}
