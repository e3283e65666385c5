// One step of an import, as pure functions: what the lines in flight came to, and which rows the next lines become.
import { retention } from '#config/retention.ts';
import { insert, put, type Decision, type State, type WorkDraft, type Write } from '../commands/command.ts';
import { Work } from '../commands/work.ts';
import { AppError, problems, type Problem } from '../errors.ts';
import { fieldProblems } from '../http/problem.ts';
import { isStorable } from '../mongo/storable.ts';
import type { ImportDefinition } from './definition.ts';
import { lineProblems } from './import.errors.ts';
import * as rows from './import.ts';
import type { RawLine } from './lines.ts';

type Import = rows.Import;

/** A line's members, or why it has none that fit. What the line holds is not in the problem. */
export function parseLine(
  definition: ImportDefinition,
  header: readonly string[] | null,
  raw: RawLine,
): { readonly line: unknown } | AppError {
  if (raw.bad) {
    return lineProblems.badEncoding();
  }
  const value = raw.cells ? recordOf(header ?? [], raw.cells) : jsonOf(raw.text ?? '');
  if (value instanceof AppError) {
    return value;
  }
  const parsed = definition.line.safeParse(value);
  return parsed.success
    ? { line: parsed.data }
    : problems.invalid(undefined, { errors: fieldProblems('line', parsed.error) });
}

function recordOf(header: readonly string[], cells: readonly string[]): object | AppError {
  if (cells.length !== header.length) {
    return lineProblems.columns(`The line has ${cells.length} columns, the header ${header.length}`);
  }
  return Object.fromEntries(header.map((name, index) => [name, cells[index]]).filter(([, cell]) => cell !== ''));
}

function jsonOf(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return lineProblems.notJson();
    }
    return isStorable(value) ? value : lineProblems.notJson('It is nested too deep, or a name in it cannot be kept');
  } catch {
    return lineProblems.notJson();
  }
}

/** The lines of a chunk that fit, for the definition's `load`. */
export function fittingLines(
  definition: ImportDefinition,
  running: Import,
  { lines }: Pick<rows.ImportChunk, 'lines'>,
): unknown[] {
  return lines.flatMap((raw) => {
    const parsed = parseLine(definition, running.header, raw);
    return parsed instanceof AppError ? [] : [parsed.line];
  });
}

interface Refusal extends rows.LineInFlight {
  readonly problem: Problem;
}

/** What the rows of the last step came to: one refusal for each that is not done. */
function refusalsOf(running: Import, state: State): Refusal[] {
  return running.inFlight.flatMap((line) => {
    const row = state.get(Work, rows.lineId(running._id, line.place));
    if (row?.state === 'done') {
      return [];
    }
    return [
      { ...line, problem: row ? (row.problem ?? problems.gaveUp().problem) : lineProblems.outcomeLost().problem },
    ];
  });
}

interface NextLines {
  readonly work: WorkDraft[];
  readonly inFlight: rows.LineInFlight[];
  readonly refusals: Refusal[];
}

function nextLines(definition: ImportDefinition, running: Import, chunk: rows.ImportChunk, state: State): NextLines {
  const next: NextLines = { work: [], inFlight: [], refusals: [] };
  chunk.lines.forEach((raw, index) => {
    const line = { place: chunk.first + index, n: raw.n };
    const parsed = parseLine(definition, running.header, raw);
    const command = parsed instanceof AppError ? parsed : definition.toCommand(parsed.line, state);
    if (command instanceof AppError) {
      next.refusals.push({ ...line, problem: command.problem });
    } else {
      const id = rows.lineId(running._id, line.place);
      next.work.push({ ...command, id, cause: `i.${running._id}.${line.place}` });
      next.inFlight.push(line);
    }
  });
  return next;
}

/** One step. `chunk` is null where no line is left to begin: then this step is the last. */
export function stepOf(
  definition: ImportDefinition,
  running: Import,
  chunk: rows.ImportChunk | null,
  state: State,
  now: Date,
): Decision {
  const settled = refusalsOf(running, state);
  const next = chunk ? nextLines(definition, running, chunk, state) : { work: [], inFlight: [], refusals: [] };
  const refusals = [...settled, ...next.refusals];
  const over = chunk === null;
  const after: Import = {
    ...running,
    accepted: running.accepted + running.inFlight.length - settled.length,
    refused: running.refused + refusals.length,
    step: running.step + 1,
    inFlight: next.inFlight,
    rev: running.rev + 1,
    ...(over ? ended(running, now) : {}),
  };
  return {
    writes: [put(rows.Imports, after), ...refusals.map((refusal) => reportWrite(running, refusal))],
    work: next.work,
    events: [told(after)],
    result: { step: running.step, accepted: after.accepted, refused: after.refused },
  };
}

function ended(running: Import, now: Date): Pick<Import, 'state' | 'doneAt' | 'expireAt'> {
  const begun = running.step >= running.chunks;
  return {
    state: running.cancelRequested && !begun ? 'cancelled' : 'done',
    doneAt: now,
    expireAt: new Date(running.startedAt.getTime() + retention.importsMs),
  };
}

function reportWrite(running: Import, { place, n, problem }: Refusal): Write {
  const { code, detail, errors: fields = [] } = problem;
  const expireAt = new Date(running.startedAt.getTime() + retention.importsMs);
  return insert(rows.RefusedLines, { _id: rows.lineId(running._id, place), line: n, code, detail, fields, expireAt });
}

/** The event of a step, in the feed of whoever started the import. */
function told({ _id: id, name, lines, accepted, refused, state, startedBy }: Import) {
  const place = { subject: rows.importKey(id), audience: [`user.${startedBy}`] };
  const figures = { id, name, lines, accepted, refused };
  if (state === 'running') {
    return rows.importProgressed.draft({ ...place, data: { ...figures, done: accepted + refused } });
  }
  return (state === 'done' ? rows.importDone : rows.importCancelled).draft({ ...place, data: figures });
}
