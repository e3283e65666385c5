// Times of waiting as definitions write them: milliseconds, or ISO 8601 durations of weeks, days and less.

/** The longest wait: a hundred years, as the kernel has it. */
export const maxDelayMs = 100 * 365 * 86_400_000;

const iso = /^P(?=\d|T\d)(?:(\d{1,5})W)?(?:(\d{1,6})D)?(?:T(?=\d)(?:(\d{1,7})H)?(?:(\d{1,9})M)?(?:(\d{1,11})S)?)?$/u;
/** What CEL's durations come to: seconds with a fraction, and a sign. */
const seconds = /^(-?)PT(\d{1,15})(?:\.(\d{1,9}))?S$/u;

/** Milliseconds of an ISO 8601 duration, or null. Months and years have no fixed length and are none. */
export function durationMs(text: string): number | null {
  const found = iso.exec(text);
  if (!found) {
    return null;
  }
  const [weeks, days, hours, minutes, rest] = found.slice(1).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  return ((((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60 + rest) * 1_000;
}

/** Milliseconds of a delay as it is written: a number, digits, or a duration; null where it is none of these. */
export function writtenMs(delay: number | string): number | null {
  if (typeof delay === 'number') {
    return Number.isInteger(delay) ? delay : null;
  }
  return /^\d{1,15}$/u.test(delay) ? Number(delay) : durationMs(delay);
}

/** Milliseconds of what an expression came to; one in the past is 0. Null where it is no time. */
export function computedMs(value: unknown): number | null {
  if (typeof value === 'number') {
    return Math.max(0, Math.round(value));
  }
  if (typeof value !== 'string') {
    return null;
  }
  const found = seconds.exec(value);
  if (!found) {
    return durationMs(value);
  }
  const [, sign, whole, fraction = '0'] = found;
  return sign === '-' ? 0 : Math.round(Number(`${whole}.${fraction}`) * 1_000);
}

/** What is wrong with a written delay, or null. */
export function delayProblem(delay: number | string): string | null {
  const ms = writtenMs(delay);
  if (ms === null) {
    return `${String(delay)} is no delay: write whole milliseconds or an ISO 8601 duration of weeks, days, hours, minutes or seconds`;
  }
  if (ms <= 0) {
    return 'A delay is longer than nothing';
  }
  return ms > maxDelayMs ? 'A delay is at most a hundred years' : null;
}
