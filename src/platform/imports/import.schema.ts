// Inputs and outputs of imports.
import { z } from 'zod';
import { pageOf } from '../http/cursor.ts';

const id = z.string().regex(/^[0-9a-f-]{36}$/u, 'Not the id of an import');
const count = z.int().min(0);
const time = z.iso.datetime();

/** `:id` of the paths. In `POST /api/imports/:id` it is an import's name: OpenAPI knows one name for one place. */
export const nameParams = z.strictObject({ id: z.string().max(64).describe('What is imported, such as `users`') });
export const idParams = z.strictObject({ id });

/** Input of the command that begins an import: the file is kept already. */
export const beginInput = z.strictObject({
  id,
  name: z.string().max(64),
  format: z.string(),
  header: z.array(z.string()).nullable(),
  sha256: z.string(),
  bytes: count,
  lines: count,
  chunks: count,
});

/** Input of a step, and of a cancellation. */
export const stepInput = z.strictObject({ id, step: count });
export const cancelInput = z.strictObject({ id });

/** An import as it stands. `done` lines have their outcome. */
export const importView = z.strictObject({
  id,
  name: z.string(),
  state: z.enum(['running', 'done', 'cancelled']),
  /** True from the request to cancel on: what is in flight is still counted. */
  cancelRequested: z.boolean(),
  lines: count,
  done: count,
  accepted: count,
  refused: count,
  bytes: count,
  sha256: z.string(),
  startedBy: z.string(),
  startedAt: time,
  doneAt: time.nullable(),
  /** Milliseconds to the end at the pace so far; there while it runs and something is done. */
  etaMs: count.optional(),
});

/** A page of imports, newest first. */
export const importPage = pageOf(importView);

export type BeginInput = z.output<typeof beginInput>;
export type StepInput = z.output<typeof stepInput>;
export type CancelInput = z.output<typeof cancelInput>;
export type ImportView = z.output<typeof importView>;
