// The form of a definition as data: the XState config subset as JSON. schema.ts checks it.
import type { Json } from '../json.ts';
import type { EarlyPolicy, Principal } from '../definition.ts';
import type { JsonSchema } from './json-schema.ts';

/** An expression of CEL where a value would stand. */
export interface Cel {
  readonly $cel: string;
}

/** JSON in which a `Cel` may stand anywhere. */
export type Template = Json;

/** An action: the name of an effect, or with params. */
export interface ActionSource {
  readonly type: string;
  readonly params?: Readonly<Record<string, Template>> | undefined;
}

export type ActionsSource = string | ActionSource | readonly (string | ActionSource)[];

/** A transition. Without a target it stays where it is; `{}` takes an event and does nothing. */
export interface TransitionSource {
  readonly target?: string | undefined;
  /** A rule in CEL. */
  readonly guard?: string | undefined;
  readonly actions?: ActionsSource | undefined;
  readonly reenter?: boolean | undefined;
  readonly description?: string | undefined;
  readonly meta?: Readonly<Record<string, Json>> | undefined;
}

export type TransitionsSource = string | TransitionSource | readonly (string | TransitionSource)[];

/** A transition of a list of `after`: milliseconds, an ISO 8601 duration, or what comes to either. */
export interface DelayedSource extends TransitionSource {
  readonly delay: number | string | Cel;
}

export interface InvokeSource {
  readonly id: string;
  /** The type of a machine, or `effect:` and the name of an effect. */
  readonly src: string;
  readonly input?: Template | undefined;
  readonly onDone?: TransitionsSource | undefined;
  readonly onError?: TransitionsSource | undefined;
}

export interface StateSource {
  /** Another name for targets: `#<id>`. Not at the root. */
  readonly id?: string | undefined;
  readonly type?: 'parallel' | 'final' | 'history' | undefined;
  readonly initial?: string | undefined;
  readonly history?: 'shallow' | 'deep' | undefined;
  /** Of history: where to go when there is none yet. */
  readonly target?: string | undefined;
  readonly states?: Readonly<Record<string, StateSource>> | undefined;
  readonly on?: Readonly<Record<string, TransitionsSource>> | undefined;
  readonly after?: Readonly<Record<string, TransitionsSource>> | readonly DelayedSource[] | undefined;
  readonly always?: TransitionsSource | undefined;
  readonly onDone?: TransitionsSource | undefined;
  readonly invoke?: InvokeSource | readonly InvokeSource[] | undefined;
  readonly entry?: ActionsSource | undefined;
  readonly exit?: ActionsSource | undefined;
  readonly tags?: string | readonly string[] | undefined;
  readonly meta?: Readonly<Record<string, Json>> | undefined;
  readonly description?: string | undefined;
  readonly output?: Template | undefined;
}

/** An event the machine takes from outside. Without `payload` it carries nothing. */
export interface EventSource {
  readonly payload?: JsonSchema | undefined;
  readonly from: readonly Principal[];
  readonly early?: EarlyPolicy | undefined;
  readonly task?: string | undefined;
}

/** A whole definition. The root is its outermost state. */
export interface DefinitionSource extends StateSource {
  readonly input?: JsonSchema | undefined;
  readonly context?: Readonly<Record<string, Template>> | undefined;
  readonly events?: Readonly<Record<string, EventSource>> | undefined;
  readonly access?:
    | {
        readonly create: readonly Principal[];
        readonly read: readonly Principal[];
        readonly cancel?: readonly Principal[] | undefined;
      }
    | undefined;
  readonly early?: EarlyPolicy | undefined;
  readonly owner?: string | Cel | undefined;
  readonly members?: readonly string[] | Cel | undefined;
}

/** The members of a list that may stand alone. */
export function listOf<One>(value: One | readonly One[] | undefined): readonly One[] {
  return value === undefined ? [] : Array.isArray(value) ? (value as readonly One[]) : [value as One];
}

/** Transitions as a list of objects. */
export function transitionsOf(value: TransitionsSource | undefined): readonly TransitionSource[] {
  return listOf(value).map((one) => (typeof one === 'string' ? { target: one } : one));
}

/** Actions as a list of objects. */
export function actionsOf(value: ActionsSource | undefined): readonly ActionSource[] {
  return listOf(value).map((one) => (typeof one === 'string' ? { type: one } : one));
}

/** The expression a value is, or null. */
export function celOf(value: unknown): string | null {
  return typeof value === 'object' && value !== null && '$cel' in value ? String(value.$cel) : null;
}
