// Computations that are done piece by piece, done at once.

/** What a computation comes to; `onPiece` hears of each piece before it is done. */
export function toEnd<Result>(pieces: Iterator<unknown, Result>, onPiece: () => void = () => undefined): Result {
  for (;;) {
    const { done, value } = pieces.next();
    if (done === true) {
      return value;
    }
    onPiece();
  }
}
