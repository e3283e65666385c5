// What must be true of stored documents, checked while the files of a backup are read once. Services and the platform
// declare checks; verify.ts runs them.
import type { mongo } from 'mongoose';

/** A check that is under way over one backup. */
export interface Checking {
  /** Takes the next document of a collection. */
  see(collection: string, doc: mongo.Document): void;
  /** After the last document: what is wrong, a sentence each; empty when all is well. */
  end(): readonly string[];
}

/** A promise about stored documents. Its memory may grow with people or machines, never with what happened to them. */
export interface StoredCheck {
  /** The promise in one line, such as `XP totals are the sums of the ledger`. */
  readonly promise: string;
  /** The collections it looks at, each with the order its documents must come in (an index has it), or `any`. */
  readonly reads: Readonly<Record<string, Readonly<Record<string, 1 | -1>> | 'any'>>;
  begin(): Checking;
}

/** Sentences about what is wrong, the first few of them, so that a broken backup does not fill the memory. */
export class Complaints {
  readonly #limit = 10;
  readonly #first: string[] = [];
  #count = 0;

  /** Notes one more. */
  add(sentence: string): void {
    this.#count += 1;
    if (this.#first.length < this.#limit) {
      this.#first.push(sentence);
    }
  }

  /** The sentences, with the number of those left out. */
  all(): string[] {
    const more = this.#count - this.#first.length;
    return more > 0 ? [...this.#first, `and ${more} more`] : [...this.#first];
  }
}
