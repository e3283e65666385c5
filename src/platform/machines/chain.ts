// Telling where a chain of steps breaks while its rows go by. Used by reads, exports and the verification of databases.
import { followsInChain, type MachineInstance, type Transition } from './store.ts';

/** Whether the steps of an instance form one unbroken chain, and else the first step that does not follow. */
export interface ChainVerdict {
  /** Steps that hold. */
  readonly steps: number;
  readonly chain: 'intact' | 'broken';
  readonly brokenAt: number | null;
}

/** One chain under way: hand it the rows in order of `seq`, from 0. */
export class ChainCheck {
  #last: Pick<Transition, 'seq' | 'hash'> | undefined;
  #follows = true;

  /** Takes the next row. False from the first one that does not follow. */
  see(row: Transition): boolean {
    // A row follows nothing only where it is the creation: a chain without its first steps is none.
    this.#follows &&= followsInChain(this.#last, row) && (this.#last !== undefined || row.seq === 0);
    if (this.#follows) {
      this.#last = { seq: row.seq, hash: row.hash };
    }
    return this.#follows;
  }

  /** After the last row up to where the instance stands. */
  verdict({ lastHash }: Pick<MachineInstance, 'lastHash'>): ChainVerdict {
    // Steps are numbered from 0: so many hold, and the next one is where it breaks.
    const steps = this.#last ? this.#last.seq + 1 : 0;
    const intact = this.#follows && this.#last?.hash === lastHash;
    return { steps, chain: intact ? 'intact' : 'broken', brokenAt: intact ? null : steps };
  }
}
