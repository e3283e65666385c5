// From the zod schemas that validate to the JSON Schemas of the documents. Called by openapi.ts and asyncapi.ts.
import { z } from 'zod';
import { limits } from '#config/limits.ts';
import { canonicalJson } from '../ids.ts';
import { tellOfText } from './strings.ts';

/** A JSON Schema, or a part of a document. */
export type Json = Record<string, unknown>;

interface Visited {
  readonly zodSchema: z.core.$ZodTypes;
  readonly jsonSchema: z.core.JSONSchema.BaseSchema;
}

interface Dialect {
  readonly target: 'draft-2020-12' | 'draft-07';
  /** What clients send (`input`), or what they get (`output`). */
  readonly io: 'input' | 'output';
}

/** Schemas with a name (`.meta({ id })`) that a document refers to, gathered while it is made. */
export class Components {
  readonly schemas: Json = {};
  readonly #target: Dialect['target'];

  constructor(target: Dialect['target']) {
    this.#target = target;
  }

  /** The JSON Schema of a zod schema. A name that stands for two shapes, or a type JSON lacks, throws at start. */
  of(schema: z.ZodType, io: Dialect['io']): Json {
    const override = (visited: Visited): void => bounded(io, visited);
    const made = z.toJSONSchema(schema, { target: this.#target, io, override }) as Json;
    const definitions = (made['$defs'] ?? made['definitions'] ?? {}) as Json;
    for (const [name, definition] of Object.entries(definitions)) {
      const shape = referring(definition);
      const known = this.schemas[name];
      if (known !== undefined && canonicalJson(known) !== canonicalJson(shape)) {
        throw new Error(`Two shapes have the name ${name}: give one of them another id`);
      }
      this.schemas[name] = shape;
    }
    for (const own of ['$schema', '$defs', 'definitions']) {
      delete made[own];
    }
    return referring(made) as Json;
  }
}

/** No text or list in an answer is longer than what could have been sent. */
function boundAnswer(jsonSchema: z.core.JSONSchema.BaseSchema): void {
  if (jsonSchema.type === 'string' && !('enum' in jsonSchema) && !('const' in jsonSchema)) {
    jsonSchema.maxLength ??= limits.bodyBytes;
  }
  if (jsonSchema.type === 'array') {
    jsonSchema.maxItems ??= limits.bodyBytes;
  }
}

/** Says what is so of every value but stands in no schema. */
function bounded(io: Dialect['io'], { zodSchema, jsonSchema }: Visited): void {
  if (jsonSchema.type === 'integer') {
    jsonSchema.format ??= 'int64';
    jsonSchema.minimum ??= Number.MIN_SAFE_INTEGER;
    jsonSchema.maximum ??= Number.MAX_SAFE_INTEGER;
  }
  if (jsonSchema.type === 'string') {
    tellOfText(zodSchema, jsonSchema, io);
  }
  const names = jsonSchema.propertyNames;
  if (typeof names === 'object' && names.type === 'string') {
    names.maxLength ??= limits.bodyBytes;
  }
  if (io === 'output') {
    boundAnswer(jsonSchema);
  }
}

/** The same value, with references to definitions of its own turned into references to the document's components. */
function referring(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(referring);
  }
  if (value === null || typeof value !== 'object') {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      name === '$ref' && typeof member === 'string'
        ? member.replace(/^#\/(?:\$defs|definitions)\//u, '#/components/schemas/')
        : referring(member),
    ]),
  );
}

/** Members of an object schema, each with whether it is required: parameters are documented one by one. */
export function membersOf(schema: Json): { name: string; required: boolean; schema: Json }[] {
  const required = new Set((schema['required'] ?? []) as string[]);
  return Object.entries((schema['properties'] ?? {}) as Record<string, Json>).map(([name, member]) => ({
    name,
    required: required.has(name),
    schema: member,
  }));
}
