// What guards.ts says of a guard. Read by prove-guards.ts, too.

/** A guard in the code. */
export interface Guard {
  /** What gets through without it. */
  readonly lets: string;
  readonly file: string;
  /** The guard as it stands in the file, once. */
  readonly text: string;
  readonly without: string;
  readonly test: string;
  /** Proved in every run of the tests, not only in the full one. */
  readonly quick?: true;
}
