// What every benchmark does with its figures.

/** The middle one; the upper of two middle ones. */
export const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

/** Prints one line. */
export const say = (line: string): void => void process.stdout.write(`${line}\n`);
