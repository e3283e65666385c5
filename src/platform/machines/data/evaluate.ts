// What compiled definitions evaluate with while a step is under way, and what one step may ask of them: a number of
// evaluations and an amount of context, so that no definition makes a step long or an instance large.
import type { CelInput } from '@bufbuild/cel';
import { fromDate, fromJson } from '../../rules/cel.ts';
import { MachineFault } from '../fault.ts';
import type { Json } from '../json.ts';
import { surroundings, type Seen } from '../surroundings.ts';
import type { Evaluator, Variables } from './values.ts';

/** What one instance may hold and one step may do. */
export const runBounds = Object.freeze({
  /** Of the context as JSON, in characters. */
  context: 256 * 1024,
  /** Objects and lists inside one another in the context: MongoDB takes about a hundred, those around them included. */
  depth: 48,
  /** Of all values that one step makes, in characters of JSON: what it stores has to fit into a row. */
  values: 1024 * 1024,
  /** Values and guards that one step evaluates. A context that is put together counts for its size as well. */
  evaluations: 2_000,
});

/** Characters of context that count as one evaluation. */
const charactersEach = 8_192;

interface Account {
  evaluations: number;
  values: number;
}

const accounts = new WeakMap<Seen, Account>();

function accountOf(seen: Seen): Account {
  let account = accounts.get(seen);
  if (!account) {
    account = { evaluations: runBounds.evaluations, values: runBounds.values };
    accounts.set(seen, account);
  }
  return account;
}

/** Takes evaluations off the step's account. Throws MachineFault where it is empty. */
export function charge(count = 1): void {
  const account = accountOf(surroundings());
  account.evaluations -= count;
  if (account.evaluations < 0) {
    throw new MachineFault(
      `One step evaluates more than ${runBounds.evaluations} values, or works on too much context`,
    );
  }
}

/** What XState hands to guards and values. */
export interface StepArgs {
  readonly context: unknown;
  readonly event: { readonly type: string };
}

// Contexts and events are never changed in place, and guards of one step ask for the same ones.
const converted = new WeakMap<object, CelInput>();

function convertedOnce(value: object, make: () => unknown): CelInput {
  let known = converted.get(value);
  if (known === undefined) {
    known = fromJson(make());
    converted.set(value, known);
  }
  return known;
}

/** The variables of a step. The event's type is without XState's prefix. */
export function stepValues({ context, event }: StepArgs): Variables {
  const seen = surroundings();
  return (name) => {
    switch (name) {
      case 'context':
        return convertedOnce(context as object, () => context);
      case 'event':
        return convertedOnce(event, () => ({ ...event, type: event.type.replace(/^xstate\./u, '') }));
      case 'now':
        return fromDate(seen.now);
      case 'actor':
        return seen.actor;
      case 'tags':
        return [...seen.tags];
      default:
        return undefined;
    }
  };
}

/** The variables an instance's first context is made of. */
export function birthValues(id: string, input: Json): Variables {
  const seen = surroundings();
  return (name) => {
    switch (name) {
      case 'input':
        return fromJson(input);
      case 'id':
        return id;
      case 'now':
        return fromDate(seen.now);
      case 'actor':
        return seen.actor;
      default:
        return undefined;
    }
  };
}

/** A value within the bounds of its step. Throws MachineFault where they are passed, and what the expression throws. */
export function stepValue(evaluate: Evaluator, variables: Variables): Json {
  charge();
  const value = evaluate(variables);
  const account = accountOf(surroundings());
  account.values -= JSON.stringify(value).length;
  if (account.values < 0) {
    throw new MachineFault(`One step makes values of more than ${runBounds.values / 1024} KB`);
  }
  return value;
}

/** Throws MachineFault where a context is larger or deeper than an instance may hold. */
export function withinContext(context: unknown): void {
  const characters = JSON.stringify(context).length;
  charge(Math.floor(characters / charactersEach));
  if (characters > runBounds.context) {
    throw new MachineFault(`The context grows beyond ${runBounds.context / 1024} KB`);
  }
  if (isDeeper(context, runBounds.depth)) {
    throw new MachineFault(`The context grows beyond ${runBounds.depth} levels`);
  }
}

function isDeeper(value: unknown, levels: number): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    (levels === 0 || Object.values(value).some((member) => isDeeper(member, levels - 1)))
  );
}
