// The rows of imports: the file's lines in chunks, the import itself, and what became of refused lines.
import { z } from 'zod';
import { shardFor } from '../commands/work.ts';
import { defineEvent } from '../events/event.ts';
import type { FieldProblem } from '../errors.ts';
import { defineCollection } from '../mongo/collection.ts';
import type { RawLine } from './lines.ts';

/** A part of an uploaded file: some hundred lines, done in one step. Kept until the import is over. */
export interface ImportChunk {
  /** `<import>.<n>`. */
  readonly _id: string;
  readonly upload: string;
  readonly n: number;
  /** The place of its first line among the file's lines, from 0. */
  readonly first: number;
  readonly lines: readonly RawLine[];
  readonly at: Date;
}

/** The lines of uploaded files. */
export const ImportChunks = defineCollection<ImportChunk>(
  'import_chunks',
  { upload: String, n: Number, first: Number, lines: [Object], at: Date },
  [{ key: { upload: 1 }, partialFilterExpression: { n: 0 } }],
);

/** A line that was made a row of work: its place among the lines, and the line of the file it begins at. */
export interface LineInFlight {
  readonly place: number;
  readonly n: number;
}

/** One file on its way in. Done in steps: each makes rows of one chunk's lines and counts what the last ones came to. */
export interface Import {
  readonly _id: string;
  readonly name: string;
  readonly format: string;
  /** Columns of a CSV file, in their order. */
  readonly header: readonly string[] | null;
  readonly sha256: string;
  readonly bytes: number;
  readonly lines: number;
  readonly chunks: number;
  readonly state: 'running' | 'done' | 'cancelled';
  readonly cancelRequested: boolean;
  /** The next step, and the chunk it takes. */
  readonly step: number;
  readonly inFlight: readonly LineInFlight[];
  readonly accepted: number;
  readonly refused: number;
  readonly startedBy: string;
  readonly requestId: string;
  readonly shard: string;
  readonly startedAt: Date;
  readonly doneAt: Date | null;
  readonly expireAt: Date | null;
  readonly rev: number;
}

/** All imports, for as long as config/retention.ts says. Running ones carry no `expireAt`. */
export const Imports = defineCollection<Import>(
  'imports',
  {
    name: String,
    format: String,
    header: [String],
    sha256: String,
    bytes: Number,
    lines: Number,
    chunks: Number,
    state: String,
    cancelRequested: Boolean,
    step: Number,
    inFlight: [Object],
    accepted: Number,
    refused: Number,
    startedBy: String,
    requestId: String,
    shard: String,
    startedAt: Date,
    doneAt: Date,
    expireAt: Date,
    rev: Number,
  },
  [
    { key: { shard: 1 }, partialFilterExpression: { state: 'running' } },
    { key: { expireAt: 1 }, expireAfterSeconds: 0 },
  ],
);

/** A line that was refused, and why. */
export interface RefusedLine {
  /** `lineId`: the lines of an import are a range, in their order. */
  readonly _id: string;
  readonly line: number;
  readonly code: string;
  readonly detail: string;
  readonly fields: readonly FieldProblem[];
  readonly expireAt: Date;
}

/** The reports of imports. */
export const RefusedLines = defineCollection<RefusedLine>(
  'import_refused_lines',
  { line: Number, code: String, detail: String, fields: [Object], expireAt: Date },
  [{ key: { expireAt: 1 }, expireAfterSeconds: 0 }],
);

/** The key of an import's commands. */
export function importKey(id: string): string {
  return `import.${id}`;
}

/** The shard whose owner does an import's steps. */
export function importShard(id: string): string {
  return shardFor('operations', importKey(id));
}

/** The id of a chunk. */
export function chunkId(id: string, n: number): string {
  return `${id}.${n}`;
}

/** The id of a line's work row, and of its row in the report; a user made by the line has it too, so it holds no dot. */
export function lineId(id: string, place: number): string {
  return `${id}-${String(place).padStart(7, '0')}`;
}

/** The range of ids that the lines of an import have. */
export function linesRange(id: string): { $gte: string; $lt: string } {
  return { $gte: `${id}-`, $lt: `${id}.` };
}

const count = z.number().int();
const figures = { id: z.string(), name: z.string(), lines: count, accepted: count, refused: count };

/** A file was taken in whole; its lines follow. */
export const importStarted = defineEvent(
  'import.started',
  z.object({ id: z.string(), name: z.string(), lines: count }),
);

/** A step was done: some hundred lines. */
export const importProgressed = defineEvent('import.progressed', z.object({ ...figures, done: count }));

/** Every line has its outcome. */
export const importDone = defineEvent('import.done', z.object(figures));

/** It was ended before its last line; what was done stays. */
export const importCancelled = defineEvent('import.cancelled', z.object(figures));
