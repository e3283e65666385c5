// What the migration step sows. Apart from it, so that whoever has something to sow need not know what it shapes.

/** Something that is to be there from the start. */
export interface Seed {
  /** What it sows from: another one makes the step run again. */
  readonly of: unknown;
  /** Runs under the lock; must be repeatable. */
  readonly sow: () => Promise<void>;
}
