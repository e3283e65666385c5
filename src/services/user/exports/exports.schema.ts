// Inputs and outputs of exports.
import { z } from 'zod';
import { pageOf, pageQuery } from '#src/platform/http/cursor.ts';
import { userId } from '../user.schema.ts';

const exportId = z.string().regex(/^[A-Za-z0-9-]{1,64}$/u, 'Not the id of an export');

export const ofUser = z.strictObject({ id: userId });
export const exportParams = z.strictObject({ id: userId, exportId });
export const listExports = pageQuery;

/** One export. `parts` are the files in its archive. */
export const exportView = z
  .strictObject({
    id: exportId,
    state: z.enum(['running', 'ready', 'failed', 'expired']),
    progress: z.strictObject({ done: z.int().min(0).max(1_000), of: z.int().min(0).max(1_000) }),
    bytes: z.int().min(0).max(Number.MAX_SAFE_INTEGER).nullable(),
    sha256: z.string().max(64).nullable(),
    createdAt: z.iso.datetime(),
    doneAt: z.iso.datetime().nullable(),
    availableUntil: z.iso.datetime().nullable(),
  })
  .meta({ id: 'UserExport' });
export type ExportView = z.output<typeof exportView>;
export const exportPage = pageOf(exportView);

/** What the command and the effects take. */
export const beginInput = z.strictObject({ userId, parts: z.int() });
export const makeInput = z.strictObject({ userId, exportId, createdAt: z.iso.datetime() });
export type MakeInput = z.output<typeof makeInput>;
export const made = z.strictObject({ bytes: z.int(), sha256: z.string(), parts: z.int() });
export type Made = z.output<typeof made>;
