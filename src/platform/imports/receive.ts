// Takes a file in: its lines go to MongoDB in chunks while they come, so that nothing holds it whole. Called by the
// route, before any import exists; what a broken upload leaves is removed here, or by the sweep when the process died.
import { createHash } from 'node:crypto';
import { limits } from '#config/limits.ts';
import type { FieldProblem } from '../errors.ts';
import type { Upload } from '../http/upload.ts';
import { newId } from '../ids.ts';
import { logFor } from '../log.ts';
import { columnsOf, type ImportDefinition } from './definition.ts';
import { fileProblems } from './import.errors.ts';
import { chunkId, ImportChunks } from './import.ts';
import { readers, type RawLine } from './lines.ts';

const log = logFor('imports');
/** What a cell takes in a row beside its text. */
const cellBytes = 12;

/** A file whose lines are durable. */
export interface Received {
  readonly id: string;
  readonly format: string;
  readonly header: readonly string[] | null;
  readonly sha256: string;
  readonly bytes: number;
  readonly lines: number;
  readonly chunks: number;
}

/**
 * Reads a file to its end and keeps its lines. Errors, after which nothing is kept: import.header, import.empty,
 * import.malformed, import.line-too-long, import.too-many-lines, and those of reading the body.
 */
export async function receive(definition: ImportDefinition, upload: Upload): Promise<Received> {
  const id = newId();
  const hash = createHash('sha256');
  let bytes = 0;
  const counted = async function* () {
    for await (const part of upload.bytes) {
      hash.update(part);
      bytes += part.length;
      yield part;
    }
  };
  const keeper = new Keeper(id);
  const lines = (readers[upload.type] ?? noLines)(counted());
  try {
    const header = upload.type === 'text/csv' ? await headerOf(definition, lines) : null;
    for await (const line of lines) {
      await keeper.add(line);
    }
    const { lines: total, chunks } = await keeper.finish();
    if (total === 0) {
      throw fileProblems.empty();
    }
    return { id, format: upload.type, header, sha256: hash.digest('hex'), bytes, lines: total, chunks };
  } catch (error) {
    await lines.return(undefined);
    await forget(id).catch((reason: unknown) => log.debug({ reason: String(reason) }, 'Left to the sweep'));
    throw error;
  }
}

async function* noLines(): AsyncGenerator<RawLine> {
  await Promise.resolve();
  yield* [];
}

/** Removes the lines of an upload. */
export async function forget(id: string): Promise<void> {
  await ImportChunks.native().deleteMany({ _id: { $gte: `${id}.`, $lt: `${id}/` } });
}

/** Lines on their way into chunks. */
class Keeper {
  readonly #id: string;
  #lines: RawLine[] = [];
  #bytes = 0;
  #chunks = 0;
  #kept = 0;

  constructor(id: string) {
    this.#id = id;
  }

  async add(line: RawLine): Promise<void> {
    this.#lines.push(line);
    this.#bytes += line.text?.length ?? line.cells?.reduce((sum, cell) => sum + cell.length + cellBytes, 0) ?? 0;
    if (this.#kept + this.#lines.length > limits.importLines) {
      throw fileProblems.tooManyLines(`A file may have ${limits.importLines} lines`);
    }
    if (this.#lines.length === limits.importChunkLines || this.#bytes >= limits.importChunkBytes) {
      await this.#keep();
    }
  }

  async finish(): Promise<{ lines: number; chunks: number }> {
    if (this.#lines.length > 0) {
      await this.#keep();
    }
    return { lines: this.#kept, chunks: this.#chunks };
  }

  async #keep(): Promise<void> {
    await ImportChunks.native().insertOne({
      _id: chunkId(this.#id, this.#chunks),
      upload: this.#id,
      n: this.#chunks,
      first: this.#kept,
      lines: this.#lines,
      at: new Date(),
    });
    this.#kept += this.#lines.length;
    this.#chunks += 1;
    this.#lines = [];
    this.#bytes = 0;
  }
}

/** The columns a file names. @throws import.header with each name that is missing, unknown or there twice */
async function headerOf(definition: ImportDefinition, lines: AsyncGenerator<RawLine>): Promise<readonly string[]> {
  const first = await lines.next();
  const names = first.done ? [] : (first.value.cells ?? []).map((name) => name.trim());
  if (names.length === 0) {
    throw fileProblems.empty('The file has no header line');
  }
  const columns = columnsOf(definition);
  const known = new Set(columns.map(({ name }) => name));
  const wrong = (code: string, detail: string): FieldProblem => ({ pointer: '/header', code, detail });
  const errors = [
    ...columns
      .filter(({ name, optional }) => !optional && !names.includes(name))
      .map(({ name }) => wrong('missing', `The column ${name} is missing`)),
    ...names.flatMap((name, index) => {
      const place = `Column ${index + 1}`;
      if (!known.has(name)) {
        return [wrong('unknown', `${place} is none of ${[...known].join(', ')}`)];
      }
      return names.indexOf(name) === index ? [] : [wrong('repeated', `${place}, ${name}, is there already`)];
    }),
  ];
  if (errors.length > 0) {
    throw fileProblems.header(undefined, { errors: errors.slice(0, 20) });
  }
  return names;
}
