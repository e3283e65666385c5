// From the bytes of a file to its lines, as they come: CSV by RFC 4180, or one JSON object a line. What a line means is
// judged later, when it is done; here only what makes the whole file unreadable is refused.
import { pipeline } from 'node:stream/promises';
import { CsvError, parse } from 'csv-parse';
import { limits } from '#config/limits.ts';
import type { AppError } from '../errors.ts';
import { fileProblems } from './import.errors.ts';

/** A line as it is kept: `n` is where it begins in the file, from 1. `bad`: it is not UTF-8. */
export interface RawLine {
  readonly n: number;
  readonly cells?: readonly string[];
  readonly text?: string;
  readonly bad?: true;
}

/** Media types of files, and how each is read. The first line of a CSV file is its header. */
export const readers: Readonly<Record<string, (bytes: AsyncIterable<Buffer>) => AsyncGenerator<RawLine>>> = {
  'text/csv': csvLines,
  'application/x-ndjson': jsonLines,
};

const newline = 0x0a;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Takes a byte order mark off the beginning. */
async function* withoutMark(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let begin: Buffer | null = Buffer.alloc(0);
  for await (const chunk of bytes) {
    if (begin === null) {
      yield chunk;
      continue;
    }
    begin = Buffer.concat([begin, chunk]);
    if (begin.length >= 3) {
      yield begin.subarray(0, 3).toString('hex') === 'efbbbf' ? begin.subarray(3) : begin;
      begin = null;
    }
  }
  if (begin !== null) {
    yield begin;
  }
}

interface Parsed {
  readonly record: readonly Buffer[];
  readonly info: { readonly empty_lines: number };
}

async function* csvLines(bytes: AsyncIterable<Buffer>): AsyncGenerator<RawLine> {
  // Fields stay bytes, so that a line that is not UTF-8 can be refused alone.
  const parser = parse({
    encoding: null,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: limits.importLineBytes,
  });
  const feeding = pipeline(withoutMark(bytes), parser);
  // Its error is the parser's too, and thrown below.
  feeding.catch(() => undefined);
  let end = 0;
  let blank = 0;
  try {
    for await (const { record, info } of parser as AsyncIterable<Parsed>) {
      const n = end + 1 + info.empty_lines - blank;
      blank = info.empty_lines;
      end = n + record.reduce((sum, cell) => sum + newlinesIn(cell), 0);
      yield decoded(n, () => ({ cells: record.map((cell) => utf8.decode(cell)) }));
    }
  } catch (error) {
    throw error instanceof CsvError ? csvProblem(error, end + 1) : error;
  }
}

function newlinesIn(cell: Buffer): number {
  let count = 0;
  for (let at = cell.indexOf(newline); at !== -1; at = cell.indexOf(newline, at + 1)) {
    count += 1;
  }
  return count;
}

function decoded(n: number, decode: () => Omit<RawLine, 'n'>): RawLine {
  try {
    return { n, ...decode() };
  } catch {
    return { n, bad: true };
  }
}

function csvProblem(error: CsvError, line: number): AppError {
  // The parser's sentence may quote the line, so only its place is told.
  return error.code === 'CSV_MAX_RECORD_SIZE'
    ? tooLong(line)
    : fileProblems.malformed(`The quotes at or after line ${line} do not fit (${error.code})`);
}

function tooLong(line: number): AppError {
  return fileProblems.lineTooLong(`Line ${line} has more than ${limits.importLineBytes} bytes`);
}

async function* jsonLines(bytes: AsyncIterable<Buffer>): AsyncGenerator<RawLine> {
  let rest = Buffer.alloc(0);
  let n = 0;
  for await (const chunk of withoutMark(bytes)) {
    let from = 0;
    for (let at = chunk.indexOf(newline); at !== -1; at = chunk.indexOf(newline, from)) {
      const line = Buffer.concat([rest, chunk.subarray(from, at)]);
      rest = Buffer.alloc(0);
      from = at + 1;
      n += 1;
      yield* textLine(n, line);
    }
    rest = Buffer.concat([rest, chunk.subarray(from)]);
    if (rest.length > limits.importLineBytes) {
      throw tooLong(n + 1);
    }
  }
  yield* textLine(n + 1, rest);
}

/** The line, unless it is blank. */
function* textLine(n: number, bytes: Buffer): Generator<RawLine> {
  if (bytes.length > limits.importLineBytes) {
    throw tooLong(n);
  }
  const line = decoded(n, () => ({ text: utf8.decode(bytes).trim() }));
  if (line.text !== '') {
    yield line;
  }
}
