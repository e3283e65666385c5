// What imports say no with: to a whole file at once, or to one line in the report.
import { defineProblem } from '../errors.ts';

/** No import of this name or id. */
export const importUnknown = defineProblem('import.unknown', 404, 'There is no such import');

/** A finished import cannot be cancelled. */
export const importFinished = defineProblem('import.finished', 409, 'The import is over already');

/** Whole files that are not taken: nothing of them is kept. */
export const fileProblems = {
  header: defineProblem('import.header', 422, 'The header line does not name the columns of this import'),
  empty: defineProblem('import.empty', 422, 'The file holds no line to import'),
  malformed: defineProblem('import.malformed', 422, 'The file is not CSV as RFC 4180 says it'),
  lineTooLong: defineProblem('import.line-too-long', 413, 'A line is too long'),
  tooManyLines: defineProblem('import.too-many-lines', 413, 'The file has too many lines'),
} as const;

/** Single lines that are refused. What a line holds is never repeated. */
export const lineProblems = {
  badEncoding: defineProblem('import.bad-encoding', 422, 'The line is not UTF-8'),
  notJson: defineProblem('import.not-json', 422, 'The line is not a JSON object'),
  columns: defineProblem('import.columns', 422, 'The line has not as many columns as the header'),
  outcomeLost: defineProblem(
    'import.outcome-lost',
    500,
    'How the line ended was not kept, because the import stood still for long; import it again',
  ),
} as const;
