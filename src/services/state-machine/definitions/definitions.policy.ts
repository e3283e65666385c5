// What definitions that are data may be called, and what they may tell of: pure.
import type { z } from 'zod';
import { machines } from '#machines/index.ts';
import { eventCatalogue } from '#src/platform/events/event.ts';
import type { MachineDefinition } from '#src/platform/machines/definition.ts';
import { emittedByData } from '../state-machine.events.ts';

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
