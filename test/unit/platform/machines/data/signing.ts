// The example of docs/machines.md, read from the page itself, and the effects it may name.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { EffectTable } from '#src/platform/machines/data/data.ts';

const json = z.record(z.string(), z.unknown());

/** Effects as the registry would list them. */
export const effects: EffectTable = new Map([
  ['emit', { input: z.strictObject({ type: z.string(), data: json }) }],
  [
    'signal',
    { input: z.strictObject({ type: z.string(), id: z.string(), event: z.looseObject({ type: z.string() }) }) },
  ],
  ['log', { input: json }],
  ['compensate', { input: z.strictObject({}) }],
  ['grant-xp', { input: z.strictObject({ userId: z.string(), amount: z.number().int(), reason: z.string() }) }],
]);

/** The JSON blocks of a page of docs/, in order. */
export function blocksOf(page: string): unknown[] {
  const text = readFileSync(new URL(`../../../../../docs/${page}`, import.meta.url), 'utf8');
  return [...text.matchAll(/^```json\n(.*?)^```$/gmsu)].map(([, block]) => JSON.parse(block ?? '') as unknown);
}
