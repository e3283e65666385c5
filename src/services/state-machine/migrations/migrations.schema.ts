// Inputs and outputs of impact tables and migrations.
import { z } from 'zod';
import { planShape } from '#src/platform/machines/data/data.ts';
import { newId } from '#src/platform/ids.ts';
import { instanceParams, instancesQuery } from '../state-machine.schema.ts';
import { version, versionParams } from '../definitions/definitions.schema.ts';

const { type, id } = instanceParams.shape;
const number = z.number().int();
const time = z.iso.datetime();
const stateName = instancesQuery.shape.state;
const cursor = z
  .string()
  .max(2_048)
  .regex(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/u, 'Not a cursor of a list');
const uuid = z.string().regex(/^[A-Za-z0-9-]{1,64}$/u, 'Not the id of a migration');
const next = z.string().nullable().describe('What to send as cursor for those that come after; null where none do');

/** The most instances one request replays, and moves. */
export const mostReplayed = 200;
export const mostMoved = 500;

/** `:type` and `:id` of a migration. */
export const migrationParams = z.strictObject({ type, id: uuid });

/** Body of the impact table: of instances of version `from`, or of all others. */
export const impactBody = z.strictObject({
  from: version.optional(),
  limit: z.number().int().min(1).max(mostReplayed).default(mostReplayed),
  cursor: cursor.optional(),
});

const stands = z.strictObject({ value: z.union([z.string(), z.record(z.string(), z.unknown())]), status: z.string() });
const outcome = z
  .enum(['same', 'differs', 'rejected', 'state-missing', 'failed', 'too-long'])
  .describe('`too-long`: not judged, because playing the history takes too much');

/** Where instances stand, and where they would stand had they run on this version from the start. */
export const impactOutput = z.strictObject({
  type,
  version: number,
  asOf: time,
  examined: number,
  table: z
    .array(z.strictObject({ from: z.string(), to: z.string().nullable(), outcome, count: number }))
    .describe('By where they stand and where they would stand; null where their history could not be played'),
  examples: z
    .array(
      z.strictObject({
        id,
        version: number,
        outcome,
        seq: number.nullable().describe('The step that this version does not take'),
        stands,
        would: stands.nullable(),
        contextDiffers: z.boolean(),
        detail: z.string().nullable(),
      }),
    )
    .describe('Some of those that would stand elsewhere'),
  next,
});

/** Body of a migration to the version of the path. */
export const migrateBody = z.strictObject({
  ...planShape,
  from: version,
  filter: z.strictObject({ state: stateName, ids: z.array(id).min(1).max(mostMoved).optional() }).optional(),
  limit: z.number().int().min(1).max(mostMoved).default(mostMoved),
  cursor: cursor.optional(),
  dryRun: z.boolean().default(false),
});

/** Input of `state-machine.migration.begin`. */
export const beginInput = z.strictObject({
  id: uuid.default(newId),
  type,
  from: number,
  to: number,
  plan: z.string().max(64 * 1024),
  instances: z.array(z.string().max(200)).max(mostMoved),
  next: z.string().nullable(),
});

/** Input of `state-machine.instance.migrate`. */
export const migrateInput = z.strictObject({ migration: uuid, instance: z.string().max(200) });

const reason = z.strictObject({ code: z.string(), path: z.string(), detail: z.string() });
const refused = z.strictObject({ id: z.string(), reasons: z.array(reason) });

/** How far a migration has come. */
export const migrationOutput = z.strictObject({
  id: uuid.nullable().describe('null of a dry run'),
  type,
  from: number,
  to: number,
  state: z.enum(['dry', 'running', 'done']),
  instances: number.describe('How many are moved, by one request'),
  migrated: number,
  refused: number,
  failed: number.describe('Dead letters: they can be done again'),
  reasons: z.array(z.strictObject({ code: z.string(), count: number })).describe('Why some were refused'),
  examples: z.array(refused).describe('Some that were refused'),
  next,
  createdBy: z.string(),
  createdAt: time,
});

export { versionParams };
export type ImpactBody = z.output<typeof impactBody>;
export type ImpactOutput = z.output<typeof impactOutput>;
export type MigrateBody = z.output<typeof migrateBody>;
export type BeginInput = z.output<typeof beginInput>;
export type MigrateInput = z.output<typeof migrateInput>;
export type MigrationOutput = z.output<typeof migrationOutput>;
