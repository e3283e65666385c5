// Inputs and outputs of definitions that are data.
import { z } from 'zod';
import { limits } from '#config/limits.ts';
import { pageOf, pageQuery } from '#src/platform/http/cursor.ts';
import { instanceParams } from '../state-machine.schema.ts';

const { type } = instanceParams.shape;
const json = z.record(z.string().max(200), z.unknown());
const time = z.iso.datetime();
const status = z.enum(['draft', 'active', 'retired']);

/** The number of a version. */
export const version = z.coerce.number().int().min(1).max(1e6);
const shownVersion = z.number().int();

/** `:type` and `:version` of paths. */
export const typeParams = z.strictObject({ type });
export const versionParams = z.strictObject({ type, version });

/** `?version=`: the one new machines run on where none is named. */
export const versionQuery = z.strictObject({ version: version.optional() });

/** A definition, as JSON. */
export const definition = json.describe('The definition: docs/machines.md');

/**
 * Body of the registration. `activate`: whether new machines run on it from now on; they do where it is left out and the
 * version is new.
 */
export const registerBody = z.strictObject({ type, definition, activate: z.boolean().optional() });

/** Input of `state-machine.definition.register`. */
export const registerInput = z.strictObject({
  type,
  /** The definition as JSON text: its members may begin with a `$`, which rows may not. */
  source: z.string().max(limits.bodyBytes),
  activate: z.boolean().optional(),
  /** Effects whose permission the asker lacks, and the types of machines it may begin. */
  barred: z.array(z.string()).max(1_000),
  machines: z.array(z.string()).max(1_000),
});

/** Input of `state-machine.definition.activate` and `.retire`. */
export const versionInput = z.strictObject({ type, version: shownVersion });

const finding = z.strictObject({
  code: z.string(),
  path: z.string().describe('JSON pointer into the definition; empty for the whole'),
  detail: z.string(),
});

/** What a lint found. Errors keep a definition from being registered. */
export const lintOutput = z.strictObject({ errors: z.array(finding), warnings: z.array(finding) });

/** A version as it was registered. */
export const registeredOutput = z.strictObject({ type, version: shownVersion, status, lint: lintOutput });

/** What a version has become. */
export const activatedOutput = z.strictObject({ type, version: shownVersion, status, current: z.boolean() });

/** Body of the dry lint. With a `type` it also says whether the type can be had, and what may be emitted. */
export const lintBody = z.strictObject({ type: type.optional(), definition });

const live = z
  .number()
  .int()
  .nullable()
  .describe('Machines that run on it and have not ended; null where counting takes too long');

const versionSummary = z.strictObject({
  version: shownVersion,
  status,
  current: z.boolean().describe('New machines run on it'),
  live,
  createdBy: z.string().nullable(),
  createdAt: time.nullable(),
});

/** A type with its versions, the newest first. */
export const typeOutput = z.strictObject({
  type,
  builtIn: z.boolean(),
  current: shownVersion.nullable(),
  versions: z.array(versionSummary),
});

/** Types by name. */
export const typesQuery = pageQuery;
export const typesPage = pageOf(typeOutput);

/** One version of a type. The source is null where it is built in: its chart is code. */
export const definitionOutput = versionSummary.extend({
  type,
  builtIn: z.boolean(),
  hash: z.string().nullable().describe('SHA-256 of the source as JSON text'),
  source: z.record(z.string(), z.unknown()).nullable(),
  lint: lintOutput,
});

export type RegisterInput = z.output<typeof registerInput>;
export type VersionInput = z.output<typeof versionInput>;
export type LintOutput = z.output<typeof lintOutput>;
export type TypeOutput = z.output<typeof typeOutput>;
export type DefinitionOutput = z.output<typeof definitionOutput>;
