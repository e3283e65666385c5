// When a cron expression is due on the wall clock of a time zone. Pure: the clock is an argument. cron-parser reads the
// expression and walks an even calendar; what the wall clock skips or repeats is decided here, since the answer must not
// depend on where one begins to look.
//
// The rule at changes of the clock: a time that the day lacks is taken with the offset before the gap, and a time that it
// has twice is its first (RFC 5545, 3.3.5), so that `30 2 * * *` is due once on every day. An expression of every hour
// (`*` or all 24) follows elapsed time instead, as cron(8) does with jobs of a granularity below an hour.
import { CronExpressionParser } from 'cron-parser';
import { spansOf, type Span } from './zone.ts';

const dayMs = 86_400_000;
/** Longer than any gap or repetition: Samoa left out a whole day. */
const furthestShiftMs = 26 * 3_600_000;
/** How far to look for the next run, in days: February 29th may be eight years away. */
const horizons = [2, 60, 800, 3_300];

/** An expression in a zone. */
export interface Cron {
  readonly cron: string;
  readonly timeZone: string;
}

/** Why an expression is none, as a sentence; null for a good one: five fields, or six with seconds first. */
export function cronFault(cron: string): string | null {
  const fields = cron.trim().split(/\s+/u);
  if (fields.length < 5 || fields.length > 6) {
    return 'It takes five fields (minute, hour, day, month, weekday), or six with seconds first';
  }
  // `H` would be a random number, another one in each process.
  if (fields.some((field) => /(?:^|,)H/iu.test(field))) {
    return 'H is not taken: name the time';
  }
  try {
    CronExpressionParser.parse(cron, { tz: 'UTC' }).next();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : 'It cannot be read';
  }
}

/** The first run after an instant, or null where there is none within nine years. */
export function nextRun(schedule: Cron, after: Date): Date | null {
  const from = after.getTime();
  for (const days of horizons) {
    const [first] = runsWithin(schedule, from, from + days * dayMs, { first: 1 });
    if (first !== undefined) {
      return first;
    }
  }
  return null;
}

/** The newest runs after `from` up to and with `to`, at most `count`, oldest first. */
export function newestRuns(schedule: Cron, from: Date, to: Date, count: number): Date[] {
  return runsWithin(schedule, from.getTime(), to.getTime(), { last: count });
}

type Most = { readonly first: number } | { readonly last: number };

/** A range of wall-clock times (start exclusive, end inclusive, as if they were UTC) that shares one offset. */
interface Wall {
  readonly after: number;
  readonly until: number;
  readonly offset: number;
}

function runsWithin({ cron, timeZone }: Cron, from: number, to: number, most: Most): Date[] {
  if (from >= to) {
    return [];
  }
  const hourly = CronExpressionParser.parse(cron, { tz: 'UTC' }).fields.hour.values.length === 24;
  const spans = spansOf(timeZone, from - furthestShiftMs, to + 1);
  const walls = spans.flatMap((span, index) => wallsOf(span, spans[index - 1], hourly));
  const found = new Set<number>();
  for (const { after, until, offset } of walls) {
    const within = { after: Math.max(after, from + offset), until: Math.min(until, to + offset) };
    for (const wall of timesIn(cron, within, most)) {
      found.add(wall - offset);
    }
  }
  const runs = [...found].toSorted((left, right) => left - right).map((at) => new Date(at));
  return 'first' in most ? runs.slice(0, most.first) : runs.slice(-most.last);
}

/** The wall-clock times of a span, less those that the span before had, and with those that the change left out. */
function wallsOf(span: Span, before: Span | undefined, hourly: boolean): Wall[] {
  const { offset } = span;
  const whole = { after: span.start + offset - 1, until: span.end + offset - 1, offset };
  if (hourly || !before || before.offset === offset) {
    return [whole];
  }
  const edge = span.start + before.offset - 1;
  return before.offset > offset
    ? [{ ...whole, after: Math.max(whole.after, edge) }]
    : [{ after: edge, until: whole.after, offset: before.offset }, whole];
}

/** The times of an expression in a range of an even calendar, the first or the last ones. */
function timesIn(cron: string, range: { readonly after: number; readonly until: number }, most: Most): number[] {
  const times: number[] = [];
  if (range.after >= range.until) {
    return times;
  }
  const forward = 'first' in most;
  const limit = forward ? most.first : most.last;
  // The walk begins at the end of a range that counts, so the millisecond behind it.
  const begin = forward ? range.after : range.until + 1;
  const walk = CronExpressionParser.parse(cron, { tz: 'UTC', currentDate: new Date(begin) });
  while (times.length < limit) {
    const at = (forward ? walk.next() : walk.prev()).getTime();
    if (at > range.until || at <= range.after) {
      break;
    }
    times.push(at);
  }
  return times;
}
