// What the documents say of texts beside what zod writes by itself. Called by schemas.ts.
import { z } from 'zod';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Unicode classes as ranges: ECMA-262 has names for them, the regular expressions of other languages have not. */
const unicodeClasses: readonly (readonly [string, string])[] = [
  [String.raw`\p{Cc}`, String.raw`\u0000-\u001f\u007f-\u009f`],
  // Half a character cannot be sent in UTF-8, and few languages have a range of them.
  [String.raw`\p{Cs}`, ''],
];

const atom = /(?:\[(?:\\.|[^\]\\])+\]|\\[dDwWsS.+*?/()[\]{}|^$-]|[^\\()|.*+?[\]{}^$])(?:\{(\d+)(?:,(\d+))?\}|(\?))?/uy;

/** How long a match of a plain anchored pattern can be; undefined where it has groups, or no end. */
export function longestMatch(pattern: string): number | undefined {
  if (!pattern.startsWith('^') || !pattern.endsWith('$')) {
    return undefined;
  }
  const inside = pattern.slice(1, -1);
  let longest = 0;
  for (let at = 0; at < inside.length; at = atom.lastIndex) {
    atom.lastIndex = at;
    const found = atom.exec(inside);
    if (!found) {
      return undefined;
    }
    longest += Number(found[2] ?? found[1] ?? 1);
  }
  return longest;
}

/** True for texts that are trimmed before they are judged: one of blanks alone is empty then. */
function isTrimmed(schema: z.core.$ZodTypes): boolean {
  const checks = schema._zod.def.checks ?? [];
  return checks.some((check) => {
    const { tx } = check._zod.def as { tx?: (value: string) => unknown };
    return tx?.(' x ') === 'x';
  });
}

/** Where a text is turned into another one that is judged, what is asked of that one holds for what is sent. */
function adoptRules(schema: z.core.$ZodTypes, jsonSchema: JsonSchema): void {
  if (schema._zod.def.type === 'pipe' && schema._zod.def.out._zod.def.type === 'string') {
    const { format, pattern } = z.toJSONSchema(schema._zod.def.out as z.ZodType);
    Object.assign(jsonSchema, {
      ...(format === undefined ? {} : { format }),
      ...(pattern === undefined ? {} : { pattern }),
    });
  }
}

/** Adds to the schema of a text what clients must know and zod does not say. */
export function tellOfText(schema: z.core.$ZodTypes, jsonSchema: JsonSchema, io: 'input' | 'output'): void {
  if (io === 'input') {
    adoptRules(schema, jsonSchema);
    if (isTrimmed(schema) && (jsonSchema.minLength ?? 0) > 0) {
      if (jsonSchema.pattern === undefined) {
        jsonSchema.pattern = String.raw`\S`;
      } else {
        jsonSchema.allOf = [...(jsonSchema.allOf ?? []), { pattern: String.raw`\S` }];
      }
    }
  }
  if (typeof jsonSchema.pattern !== 'string') {
    return;
  }
  const longest = jsonSchema.maxLength ?? longestMatch(jsonSchema.pattern);
  if (longest !== undefined) {
    jsonSchema.maxLength = longest;
  }
  jsonSchema.pattern = unicodeClasses.reduce((text, [name, range]) => text.replaceAll(name, range), jsonSchema.pattern);
}
