// What definitions that are data may be called, what they may ask for and what they may tell of: pure.
import type { z } from 'zod';
import { machines } from '#machines/index.ts';
import { eventCatalogue } from '#src/platform/events/event.ts';
import { lintDefinition, type EffectTable, type Lint } from '#src/platform/machines/data/data.ts';
import type { MachineDefinition } from '#src/platform/machines/definition.ts';
import { effectPrefix, knownEffects } from '#src/platform/machines/effects.ts';
import { emittedByData } from '../state-machine.events.ts';

/** Versions a type may have, and types there may be. */
export const mostVersions = 1_000;
export const mostTypes = 1_000;

/** The definitions of machines/, all versions. */
export const builtIn: readonly MachineDefinition[] = machines;

/** Words that stand in paths where types stand in others. */
const words: readonly string[] = 'create definitions effects events export rules tasks webhooks'.split(' ');

/** True where a type is one of machines/, whose versions data cannot add to. */
export function isBuiltIn(type: string): boolean {
  return builtIn.some((definition) => definition.type === type);
}

/** Why data cannot define this type, or null: another is meant by the name, or its events would look like the product's. */
export function typeTaken(type: string): string | null {
  if (isBuiltIn(type)) {
    return `${type} is built in`;
  }
  if (words.includes(type)) {
    return `${type} is a word of the paths`;
  }
  return [...eventCatalogue.keys()].some((known) => known.startsWith(`${type}.`))
    ? `The product's own events begin with ${type}`
    : null;
}

/**
 * The shape of the data of an event that a machine emits; undefined where it may not: a chart speaks for itself only, and
 * one that is data in types that the product does not know.
 */
export function emittedData(type: string, event: string): z.ZodType<Record<string, unknown>> | undefined {
  if (!event.startsWith(`${type}.`)) {
    return undefined;
  }
  const known = eventCatalogue.get(event);
  if (isBuiltIn(type)) {
    return known?.data;
  }
  return known === undefined && emittedByData.types.test(event) ? emittedByData.data : undefined;
}

/** What of the effects somebody may not put into a definition: those that need a permission they lack. */
export function barredFrom(caller: { readonly can: (permission: string) => boolean }): string[] {
  const all = [...knownEffects().values()];
  return all.filter(({ needs }) => needs !== undefined && !caller.can(needs)).map(({ name }) => name);
}

/** What a lint must know besides the definition. */
export interface Allowed {
  readonly type?: string | undefined;
  /** Effects whose permission the definer lacks. */
  readonly barred: readonly string[];
  /** Types of machines that there are, among those the definition begins. */
  readonly machines: readonly string[];
}

/** All that is wrong or odd about a definition. Never throws. */
export function lintFor(source: unknown, { type, barred, machines }: Allowed): Lint {
  const about = { ...(type === undefined ? {} : { type }), machines: [...machines, ...builtIn.map((one) => one.type)] };
  const lint = lintDefinition(source, { ...about, effects: effectsWithout([]) });
  if (lint.errors.length > 0 || barred.length === 0) {
    return lint;
  }
  // What is wrong only without those effects is wrong because of them.
  const { errors } = lintDefinition(source, { ...about, effects: effectsWithout(barred) });
  return {
    errors: errors.map(({ path }) => ({
      code: 'effect-not-yours',
      path,
      detail: 'This effect needs a permission that you lack',
    })),
    warnings: lint.warnings,
  };
}

function effectsWithout(barred: readonly string[]): EffectTable {
  return new Map([...knownEffects()].filter(([name]) => !barred.includes(name)));
}

/** The types of machines that a definition names to begin, as far as they can be seen without reading it well. */
export function machinesNamedIn(source: unknown): string[] {
  const found = new Set<string>();
  const waiting: unknown[] = [source];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next === 'object' && next !== null) {
      const { src } = next as { readonly src?: unknown };
      if (typeof src === 'string' && src.length <= 64 && !src.startsWith(effectPrefix)) {
        found.add(src);
      }
      waiting.push(...Object.values(next));
    }
  }
  return [...found].slice(0, 1_000);
}
