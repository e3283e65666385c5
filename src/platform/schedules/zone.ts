// Time zones as Node knows them (IANA, through Intl): is a name one, and how far is its wall clock from UTC when.
const formats = new Map<string, Intl.DateTimeFormat>();
const dayMs = 86_400_000;

function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (!format) {
    const numeric = 'numeric';
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: numeric,
      month: numeric,
      day: numeric,
      hour: numeric,
      minute: numeric,
      second: numeric,
    });
    formats.set(timeZone, format);
  }
  return format;
}

/** True for the name of a zone, such as `Europe/Berlin` or `UTC`; an offset such as `+01:00` is none. */
export function isTimeZone(name: string): boolean {
  try {
    return /^[A-Za-z]/u.test(name) && formatOf(name) !== undefined;
  } catch {
    return false;
  }
}

/** Milliseconds the wall clock of a zone is ahead of UTC at an instant (milliseconds since 1970). */
export function offsetAt(timeZone: string, at: number): number {
  const second = Math.floor(at / 1_000) * 1_000;
  const part: Record<string, number> = {};
  for (const { type, value } of formatOf(timeZone).formatToParts(second)) {
    part[type] = Number(value);
  }
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second: seconds = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minute, seconds) - second;
}

/** From `start` on the zone's wall clock is `offset` ahead of UTC, until `end` (exclusive). */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly offset: number;
}

/** The spans of one offset that cover [from, to), oldest first. Two changes within one day are taken for one. */
export function spansOf(timeZone: string, from: number, to: number): Span[] {
  const spans: Span[] = [];
  let start = from;
  let offset = offsetAt(timeZone, from);
  for (let at = from; at < to; at += dayMs) {
    const next = Math.min(at + dayMs, to);
    const after = offsetAt(timeZone, next);
    if (after !== offset) {
      const changed = changeIn(timeZone, at, next, offset);
      spans.push({ start, end: changed, offset });
      start = changed;
      offset = after;
    }
  }
  spans.push({ start, end: to, offset });
  return spans;
}

/** The first second within (low, high] at which the offset is another one. */
function changeIn(timeZone: string, low: number, high: number, offset: number): number {
  let before = Math.floor(low / 1_000);
  let after = Math.ceil(high / 1_000);
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (offsetAt(timeZone, middle * 1_000) === offset) {
      before = middle;
    } else {
      after = middle;
    }
  }
  return after * 1_000;
}
