// What lint looks at, and with what.
import type { z } from 'zod';
import type { Model } from './model.ts';
import type { DefinitionSource } from './source.ts';

/** The effects actions may name, by name, with the schema of their params. */
export type EffectTable = ReadonlyMap<string, { readonly input: z.ZodType }>;

/** What a definition is looked at with. */
export interface LintOptions {
  readonly effects: EffectTable;
  /** Its type: events it emits begin with it, and targets may name it. */
  readonly type?: string;
  /** The types of machines it may invoke; not looked at where they are not given. */
  readonly machines?: readonly string[];
}

/** A definition that the schema let through. */
export interface Subject {
  readonly source: DefinitionSource;
  readonly model: Model;
  readonly options: LintOptions;
}
