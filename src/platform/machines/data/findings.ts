// What is said of a definition that is not as it should be. Used by everything that reads one.

/** One thing about a definition: `path` is a JSON pointer (RFC 6901) into it, empty for the whole. */
export interface Finding {
  readonly code: string;
  readonly path: string;
  readonly detail: string;
}

/** What was found: errors keep a definition from being registered, warnings are shown. */
export interface Lint {
  readonly errors: readonly Finding[];
  readonly warnings: readonly Finding[];
}

/** A definition that cannot be read or compiled. */
export class DefinitionError extends Error {
  readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[]) {
    super(findings.map(({ path, detail }) => `${path || 'the definition'}: ${detail}`).join('; '));
    this.name = 'DefinitionError';
    this.findings = findings;
  }
}

/** A JSON pointer one or more members further. */
export function pointerTo(base: string, ...members: readonly PropertyKey[]): string {
  return members.reduce<string>(
    (pointer, member) => `${pointer}/${String(member).replaceAll('~', '~0').replaceAll('/', '~1')}`,
    base,
  );
}

/** The sentence of an error. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
