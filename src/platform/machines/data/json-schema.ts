// The part of JSON Schema that definitions describe inputs and payloads in, and its way into zod. Everything has a bound:
// texts and lists that name none get one, objects take no further members unless they say so, and a `pattern` is matched
// by CEL's linear matcher, so that none can hang.
import { z } from 'zod';
import { canonicalJson } from '../../ids.ts';
import { compileRule } from '../../rules/cel.ts';
import { isInherited } from './bounds.ts';
import { reasonOf } from './findings.ts';

const defaults = { text: 10_000, items: 1_000, members: 200 } as const;
const deepest = 8;

interface Notes {
  readonly title?: string | undefined;
  readonly description?: string | undefined;
}

interface TextSchema extends Notes {
  readonly type: 'string';
  readonly minLength?: number | undefined;
  readonly maxLength?: number | undefined;
  readonly pattern?: string | undefined;
  readonly format?: keyof typeof formats | undefined;
}

interface NumberSchema extends Notes {
  readonly type: 'number' | 'integer';
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
  readonly exclusiveMinimum?: number | undefined;
  readonly exclusiveMaximum?: number | undefined;
  readonly multipleOf?: number | undefined;
}

interface ListSchema extends Notes {
  readonly type: 'array';
  readonly items?: JsonSchema | undefined;
  readonly minItems?: number | undefined;
  readonly maxItems?: number | undefined;
  readonly uniqueItems?: boolean | undefined;
}

interface ObjectSchema extends Notes {
  readonly type: 'object';
  readonly properties?: Readonly<Record<string, JsonSchema>> | undefined;
  readonly required?: readonly string[] | undefined;
  /** Default: false. */
  readonly additionalProperties?: boolean | JsonSchema | undefined;
}

type Scalar = string | number | boolean | null;

interface OtherSchema extends Notes {
  readonly type?: 'boolean' | 'null' | undefined;
  readonly enum?: readonly Scalar[] | undefined;
  readonly const?: Scalar | undefined;
  readonly anyOf?: readonly JsonSchema[] | undefined;
}

/** A schema. Without a word of what it wants: any JSON. */
export type JsonSchema = TextSchema | NumberSchema | ListSchema | ObjectSchema | OtherSchema;

const formats = {
  email: z.email(),
  uri: z.url(),
  uuid: z.uuid(),
  date: z.iso.date(),
  'date-time': z.iso.datetime({ offset: true }),
} as const;

const notes = { title: z.string().max(200).optional(), description: z.string().max(1_000).optional() };
const count = z.number().int().min(0).max(100_000);
const scalar = z.union([z.string().max(1_000), z.number(), z.boolean(), z.null()]);

const matchesPattern = compileRule('text.matches(pattern)', { variables: ['text', 'pattern'] });

function patternProblem(pattern: string): string | null {
  try {
    matchesPattern({ text: '', pattern });
    return null;
  } catch (error) {
    return reasonOf(error);
  }
}

const pattern = z
  .string()
  .max(256)
  .superRefine((text, check) => {
    const problem = patternProblem(text);
    if (problem !== null) {
      check.addIssue({ code: 'custom', message: `The pattern is not one of RE2: ${problem}` });
    }
  });

const propertyName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/u, 'A member is named by letters, digits and _')
  .refine((name) => !isInherited(name), { error: 'This name is reserved', params: { code: 'reserved-name' } });

const inner: z.ZodType<JsonSchema> = z.lazy(() => jsonSchema);
const text = z.strictObject({
  ...notes,
  type: z.literal('string'),
  minLength: count.optional(),
  maxLength: count.optional(),
  pattern: pattern.optional(),
  format: z.enum(Object.keys(formats) as (keyof typeof formats)[]).optional(),
});
const number = z.strictObject({
  ...notes,
  type: z.enum(['number', 'integer']),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  exclusiveMinimum: z.number().optional(),
  exclusiveMaximum: z.number().optional(),
  multipleOf: z.number().positive().optional(),
});
const list = z.strictObject({
  ...notes,
  type: z.literal('array'),
  items: inner.optional(),
  minItems: count.optional(),
  maxItems: count.optional(),
  uniqueItems: z.boolean().optional(),
});
/** The schema of an object: what inputs and payloads are. */
export const objectSchema = z
  .strictObject({
    ...notes,
    type: z.literal('object'),
    properties: z.record(propertyName, inner).optional(),
    required: z.array(z.string().max(64)).max(defaults.members).optional(),
    additionalProperties: z.union([z.boolean(), inner]).optional(),
  })
  .superRefine(({ properties = {}, required = [] }, check) => {
    for (const [index, name] of required.entries()) {
      if (!Object.hasOwn(properties, name)) {
        check.addIssue({ code: 'custom', path: ['required', index], message: `There is no property ${name}` });
      }
    }
  });
const other = z.strictObject({
  ...notes,
  type: z.enum(['boolean', 'null']).optional(),
  enum: z.array(scalar).min(1).max(200).optional(),
  const: scalar.optional(),
  anyOf: z.array(inner).min(1).max(20).optional(),
});

/** Checks a schema of the subset. */
export const jsonSchema: z.ZodType<JsonSchema> = z
  .union([text, number, list, objectSchema, other])
  .refine((schema) => depthOf(schema) <= deepest, `Schemas stand at most ${deepest} deep`);

function depthOf(schema: JsonSchema): number {
  return 1 + Math.max(0, ...partsOf(schema).map(depthOf));
}

function partsOf(schema: JsonSchema): readonly JsonSchema[] {
  if (schema.type === 'array') {
    return schema.items ? [schema.items] : [];
  }
  if (schema.type === 'object') {
    const { additionalProperties: more } = schema;
    return [...Object.values(schema.properties ?? {}), ...(typeof more === 'object' ? [more] : [])];
  }
  return 'anyOf' in schema ? (schema.anyOf ?? []) : [];
}

/** What a schema takes, as zod. */
export function zodOf(schema: JsonSchema): z.ZodType {
  switch (schema.type) {
    case 'string':
      return textOf(schema);
    case 'number':
    case 'integer':
      return numberOf(schema);
    case 'array':
      return listOf(schema);
    case 'object':
      return objectOf(schema);
    case 'boolean':
    case 'null':
    case undefined:
      return otherOf(schema);
  }
}

function textOf({ minLength = 0, maxLength = defaults.text, pattern: wanted, format }: TextSchema): z.ZodType {
  const bounded = z.string().min(minLength).max(maxLength);
  const formed = format === undefined ? bounded : bounded.pipe(formats[format]);
  return wanted === undefined
    ? formed
    : formed.refine((value) => doesMatch(String(value), wanted), `does not match ${wanted}`);
}

function doesMatch(value: string, wanted: string): boolean {
  try {
    return matchesPattern({ text: value, pattern: wanted });
  } catch {
    // More steps than one evaluation has.
    return false;
  }
}

function numberOf(schema: NumberSchema): z.ZodType {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  let made = schema.type === 'integer' ? z.number().int() : z.number();
  made = minimum === undefined ? made : made.min(minimum);
  made = maximum === undefined ? made : made.max(maximum);
  made = exclusiveMinimum === undefined ? made : made.gt(exclusiveMinimum);
  made = exclusiveMaximum === undefined ? made : made.lt(exclusiveMaximum);
  return multipleOf === undefined ? made : made.multipleOf(multipleOf);
}

function listOf({ items, minItems = 0, maxItems = defaults.items, uniqueItems = false }: ListSchema): z.ZodType {
  const made = z
    .array(items ? zodOf(items) : z.json())
    .min(minItems)
    .max(maxItems);
  return uniqueItems
    ? made.refine((values) => new Set(values.map(canonicalJson)).size === values.length, 'holds something twice')
    : made;
}

function objectOf({ properties = {}, required = [], additionalProperties: more = false }: ObjectSchema): z.ZodType {
  const shape = Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => {
      const made = zodOf(schema);
      return [name, required.includes(name) ? made : made.optional()];
    }),
  );
  if (more === false) {
    return z.strictObject(shape);
  }
  return z
    .object(shape)
    .catchall(more === true ? z.json() : zodOf(more))
    .refine((value) => Object.keys(value).length <= defaults.members, `holds more than ${defaults.members} members`);
}

function otherOf(schema: OtherSchema): z.ZodType {
  const parts: z.ZodType[] = [];
  if (schema.type !== undefined) {
    parts.push(schema.type === 'boolean' ? z.boolean() : z.null());
  }
  if (schema.enum) {
    parts.push(z.literal(schema.enum as Scalar[]));
  }
  if (schema.const !== undefined) {
    parts.push(z.literal(schema.const));
  }
  if (schema.anyOf) {
    parts.push(z.union(schema.anyOf.map(zodOf)));
  }
  const [first = z.json(), ...rest] = parts;
  return rest.reduce((all, part) => all.and(part), first);
}
