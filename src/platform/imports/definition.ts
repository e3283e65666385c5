// What an import is. A service defines one with `defineImport`; the platform takes the file, does its lines and reports.
import type { z } from 'zod';
import type { Reader, State } from '../commands/command.ts';
import type { Permission } from '../auth/permissions.ts';
import type { AppError } from '../errors.ts';

/** The command a line becomes: a row of its own, done once. */
export interface LineCommand {
  readonly kind: string;
  readonly input: unknown;
}

/** A file a service takes in. (Methods, so that an import of some line stands in a table of any.) */
export interface ImportDefinition<Line = unknown> {
  /** Its name in `/api/imports/:id`. */
  readonly name: string;
  /** What whoever starts it must be allowed beside `import.run`: what its lines do. */
  readonly permission: Permission;
  /** One line. Its members are the columns of a CSV file, whose values come as texts; empty ones are left out. */
  readonly line: z.ZodObject & z.ZodType<Line>;
  /** Reads all that the lines of one step need. No writes, no other I/O. */
  load(lines: readonly Line[], reader: Reader): Promise<void>;
  /**
   * Pure: the command of a line, or why there is none. Commands must bear being asked for again by another import: a
   * line is known by something it names itself.
   */
  toCommand(line: Line, state: State): LineCommand | AppError;
}

/** Defines an import; see ImportDefinition. */
export function defineImport<Line>(definition: ImportDefinition<Line>): ImportDefinition<Line> {
  return Object.freeze(definition);
}

/** The columns of a CSV file of this import: every member of a line, and whether it may be missing. */
export function columnsOf(definition: ImportDefinition): readonly { name: string; optional: boolean }[] {
  return Object.entries(definition.line.shape).map(([name, schema]) => ({
    name,
    optional: schema.safeParse(undefined).success,
  }));
}
