// The schemas of values in which expressions may stand. Used by schema.ts and action-schema.ts.
import { z } from 'zod';
import type { Json } from '../json.ts';
import type { Cel } from './source.ts';

/** The text of an expression. */
export const celSource = z.string().min(1).max(1_024);

/** An expression where a value would stand. */
export const cel: z.ZodType<Cel> = z.strictObject({ $cel: celSource });

/** JSON in which an expression may stand anywhere. */
export const template: z.ZodType<Json> = (z.unknown().pipe(z.json()) as unknown as z.ZodType<Json>).superRefine(
  (value, check) => {
    for (const { path, message } of wrongIn(value, [])) {
      check.addIssue({ code: 'custom', path: [...path], message });
    }
  },
);

interface Wrong {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

function wrongIn(value: Json, path: readonly PropertyKey[]): Wrong[] {
  if (typeof value !== 'object' || value === null) {
    return [];
  }
  if ('$cel' in value) {
    const parsed = cel.safeParse(value);
    const text = 'An expression stands alone as {"$cel": "…"} and has at most 1024 characters';
    return parsed.success ? [] : [{ path, message: text }];
  }
  return Object.entries(value).flatMap(([name, member]) =>
    wrongIn(member as Json, [...path, Array.isArray(value) ? Number(name) : name]),
  );
}
