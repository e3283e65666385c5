// What takes the processor for long on behalf of one request: bounded in all, and others are answered in between.
import { setImmediate as breath } from 'node:timers/promises';
import type { CelAccount } from './rules/cel.ts';

/** For how long at a stretch others wait. */
const stretchMs = 20;

/** Pieces of one computation, none of which takes long by itself. Ask `next` before each. */
export class Turns {
  readonly #patienceMs: number;
  #until: number | undefined;
  #pauseAt = 0;

  /** @param patienceMs how long all of it may take, from its first piece on */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** Lets others have their turn where the last pieces took long. False where time is over, never for the first piece. */
  async next(): Promise<boolean> {
    const now = performance.now();
    if (this.#until === undefined) {
      this.#until = now + this.#patienceMs;
      this.#pauseAt = now + stretchMs;
      return true;
    }
    if (now > this.#until) {
      return false;
    }
    await this.breath();
    return true;
  }

  /** The same for what is always done to its end. */
  async breath(): Promise<void> {
    if (performance.now() > this.#pauseAt) {
      await breath();
      this.#pauseAt = performance.now() + stretchMs;
    }
  }

  /**
   * Goes through what is done piece by piece, its expressions paid by `account` where there is one: what it comes to, or
   * null where time was over before it did.
   */
  async through<Result>(pieces: Iterator<unknown, Result>, account?: CelAccount): Promise<Result | null> {
    while (await this.next()) {
      const { done, value } = account ? account.pay(() => pieces.next()) : pieces.next();
      if (done === true) {
        return value;
      }
    }
    return null;
  }
}
