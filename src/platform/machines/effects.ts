// The effects that charts may ask for by name: those of the runtime, and those that services register. A chart's action,
// or an `invoke` of `effect:<name>`, becomes the work row that does it; nothing here does anything.
import { z } from 'zod';
import type { Permission } from '../auth/permissions.ts';
import { isReserved } from './actions.ts';
import type { Json } from './json.ts';

/** An effect by its name, with what it takes: as much as a definition is checked by. */
export interface KnownEffect<Input = unknown> {
  /** Kebab-case, as actions name it. */
  readonly name: string;
  readonly summary: string;
  readonly input: z.ZodType<Input>;
  /** The permission that whoever puts it into a definition must have. */
  readonly needs?: Permission;
  /**
   * Why a repeat does nothing: `mongo`: a command does it, row and effect are one commit · `key`: it happens outside, where
   * a repeat is known by the row's id. Whatever may have happened is tried again, so what bears no repeat is no effect.
   */
  readonly idempotency: 'mongo' | 'key';
  /** What its rows wait for one another by, in words; left out where they do not. */
  readonly lane?: string;
}

/** Which instance asks for an effect. `owner`: whom it is about; `actor`: who caused the step, a user id or `system`. */
export interface EffectContext {
  readonly instance: string;
  readonly owner: string | null;
  readonly actor: string;
}

/** An effect that a work row does. (Methods, so that an effect of some input stands in a table of any.) */
export interface MachineEffect<Input = unknown> extends KnownEffect<Input> {
  /** The command or the effect whose work row does it; not a `direct` command. */
  readonly kind: string;
  /** Pure: the input of that row. What it throws fails the step. */
  toInput(input: Input, about: EffectContext): unknown;
  /** What undoes it; left out where nothing does. */
  readonly compensation?: Compensation<Input>;
}

/** What undoes an effect. */
interface Compensation<Input> {
  /** The name of the effect that does. */
  readonly effect: string;
  /** Pure: its params, by what the one to undo was given and what its row came to; null where there is nothing to undo. */
  params(input: Input, result: unknown): Json;
}

const event = z.looseObject({
  type: z
    .string()
    .max(100)
    .refine((name) => !isReserved(name), 'is reserved: only the runtime sends events of this type'),
});
const typeName = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,63}$/u);
const key = z.string().regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/u);
const instance = { type: typeName, id: key };

/** They are of the commit of the step that asks for them, or rows of commands. */
const ofCommits = { idempotency: 'mongo' } as const;
const ofMachine = { ...ofCommits, lane: 'the other machine' } as const;

/** Effects of the runtime itself, by name. They cannot be registered again. */
export const builtInEffects = Object.freeze({
  emit: {
    ...ofCommits,
    name: 'emit',
    summary: 'Tell of something, in the feeds of the machine and of its owner',
    input: z.strictObject({ type: z.string().max(100), data: z.record(z.string(), z.unknown()) }),
  },
  signal: {
    ...ofMachine,
    name: 'signal',
    summary: 'Send an event to another machine',
    input: z.strictObject({ ...instance, event }),
  },
  schedule: {
    ...ofMachine,
    name: 'schedule',
    summary: 'Start a machine, or send one an event, at a time within a year',
    input: z
      .strictObject({
        ...instance,
        at: z.iso.datetime({ offset: true }).max(40),
        event: event.optional(),
        input: z.record(z.string(), z.unknown()).optional(),
      })
      .refine((given) => given.event === undefined || given.input === undefined, 'Give an event, or an input to start'),
  },
  log: {
    ...ofCommits,
    name: 'log',
    summary: 'Note something, in the history of the machine and in the log',
    input: z.looseObject({}),
  },
  compensate: {
    ...ofCommits,
    name: 'compensate',
    summary: 'Undo what effects of this machine have done so far, the newest first',
    input: z.strictObject({}),
  },
}) satisfies Readonly<Record<string, KnownEffect>>;

const registered = new Map<string, MachineEffect>();

/** Every effect that a work row does, by name. */
export const machineEffects: ReadonlyMap<string, MachineEffect> = registered;

/** Every effect a chart may name, by name: those of the runtime and the registered ones. */
export function knownEffects(): ReadonlyMap<string, KnownEffect> {
  return new Map<string, KnownEffect>([...Object.entries(builtInEffects), ...registered]);
}

/**
 * Defines an effect that charts may ask for, and registers it; its service lists it in `machineEffects`, so that the
 * registry can hold its kind against what there is. A name that is taken or not kebab-case throws at start.
 */
export function defineMachineEffect<Input>(effect: MachineEffect<Input>): MachineEffect {
  if (!/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/u.test(effect.name)) {
    throw new Error(`The effect ${effect.name} needs a name in kebab-case`);
  }
  if (Object.hasOwn(builtInEffects, effect.name) || registered.has(effect.name)) {
    throw new Error(`The effect ${effect.name} is defined twice`);
  }
  const defined = Object.freeze(effect) as unknown as MachineEffect;
  registered.set(effect.name, defined);
  return defined;
}

/** The prefix of a child that is an effect: `invoke: { src: 'effect:grant-xp' }`. */
export const effectPrefix = 'effect:';
