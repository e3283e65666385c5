// From the zod schemas that validate to the JSON Schemas of the documents. Called by openapi.ts and asyncapi.ts.
import { z } from 'zod';
import { canonicalJson } from '../ids.ts';

/** A JSON Schema, or a part of a document. */
export type Json = Record<string, unknown>;

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
    const made = z.toJSONSchema(schema, { target: this.#target, io, override: withoutNoise }) as Json;
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

/** Bounds that every integer has in JavaScript tell nobody anything. */
function withoutNoise({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) {
    delete jsonSchema.minimum;
  }
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) {
    delete jsonSchema.maximum;
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
