// Random choices that can be made again: SEED=<number> in the environment repeats those of an earlier run.

/** Random numbers of one seed. */
export interface Seeded {
  readonly seed: number;
  /** At least 0 and less than 1. */
  next(): number;
  /** A whole number at least 0 and less than `count`. */
  below(count: number): number;
}

/** The generator mulberry32 (Tommy Ettinger, public domain), seeded by SEED or anew. */
export function seeded(): Seeded {
  const given = Number(process.env['SEED']);
  const seed = Number.isInteger(given) && given > 0 ? given : 1 + Math.floor(Math.random() * 1e9);
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return { seed, next, below: (count) => Math.floor(next() * count) };
}
