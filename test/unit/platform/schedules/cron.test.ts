// When schedules are due: published cases of daylight saving, and any expression in any zone against a slow count of
// every minute.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { limits } from '#config/limits.ts';
import { cronFault, newestRuns, nextRun, type Cron } from '#src/platform/schedules/cron.ts';
import { dueRuns, missedPolicies } from '#src/platform/schedules/due.ts';
import { isTimeZone, offsetAt } from '#src/platform/schedules/zone.ts';

const minuteMs = 60_000;
const hourMs = 3_600_000;

function runsOf(schedule: Cron, from: string, count: number): string[] {
  const runs: string[] = [];
  let at: Date | null = new Date(from);
  while (runs.length < count && (at = nextRun(schedule, at))) {
    runs.push(at.toISOString().replace('.000Z', 'Z'));
  }
  return runs;
}

describe('a cron expression in a time zone', () => {
  const berlin = (cron: string): Cron => ({ cron, timeZone: 'Europe/Berlin' });

  it('is due at 03:30 on the spring day without 02:30 (RFC 5545, 3.3.5: the offset before the gap)', () => {
    assert.deepEqual(runsOf(berlin('30 2 * * *'), '2026-03-28T00:00:00Z', 3), [
      '2026-03-28T01:30:00Z',
      '2026-03-29T01:30:00Z',
      '2026-03-30T00:30:00Z',
    ]);
  });

  it('is due once, at the first 02:30, on the autumn day that has it twice (RFC 5545, 3.3.5)', () => {
    assert.deepEqual(runsOf(berlin('30 2 * * *'), '2026-10-24T00:00:00Z', 3), [
      '2026-10-24T00:30:00Z',
      '2026-10-25T00:30:00Z',
      '2026-10-26T01:30:00Z',
    ]);
  });

  it("takes RFC 5545's own examples in New York: 2007-11-04 01:30 and 2007-03-11 02:30", () => {
    const newYork = (cron: string): Cron => ({ cron, timeZone: 'America/New_York' });
    assert.deepEqual(runsOf(newYork('30 1 4 11 *'), '2007-11-01T00:00:00Z', 1), ['2007-11-04T05:30:00Z']);
    assert.deepEqual(runsOf(newYork('30 2 11 3 *'), '2007-03-01T00:00:00Z', 1), ['2007-03-11T07:30:00Z']);
  });

  it('follows elapsed time where every hour is named, as cron(8) does with frequent jobs', () => {
    assert.deepEqual(runsOf(berlin('*/30 * * * *'), '2026-10-24T23:45:00Z', 5), [
      '2026-10-25T00:00:00Z',
      '2026-10-25T00:30:00Z',
      '2026-10-25T01:00:00Z',
      '2026-10-25T01:30:00Z',
      '2026-10-25T02:00:00Z',
    ]);
    assert.deepEqual(runsOf(berlin('*/30 * * * *'), '2026-03-29T00:15:00Z', 3), [
      '2026-03-29T00:30:00Z',
      '2026-03-29T01:00:00Z',
      '2026-03-29T01:30:00Z',
    ]);
  });

  it('knows half-hour changes and days that were left out (tz database: Lord Howe, Apia)', () => {
    assert.deepEqual(runsOf({ cron: '15 2 * * *', timeZone: 'Australia/Lord_Howe' }, '2026-10-03T00:00:00Z', 2), [
      '2026-10-03T15:45:00Z',
      '2026-10-04T15:15:00Z',
    ]);
    assert.deepEqual(runsOf({ cron: '0 12 * * *', timeZone: 'Pacific/Apia' }, '2011-12-29T00:00:00Z', 3), [
      '2011-12-29T22:00:00Z',
      '2011-12-30T22:00:00Z',
      '2011-12-31T22:00:00Z',
    ]);
  });

  it('finds the next February 29th, eight years away where a century has none', () => {
    assert.deepEqual(runsOf({ cron: '0 0 29 2 *', timeZone: 'UTC' }, '2096-03-01T00:00:00Z', 1), [
      '2104-02-29T00:00:00Z',
    ]);
  });

  it('is refused with a sentence where it is none', () => {
    assert.equal(cronFault('*/5 * * * *'), null);
    assert.equal(cronFault('*/5 * * * * 1-5'), null);
    for (const bad of [
      '',
      '* * * *',
      '@daily',
      '61 * * * *',
      'H * * * *',
      '0 0 31 2 *',
      '* * * * * * *',
      'a b c d e',
    ]) {
      assert.equal(typeof cronFault(bad), 'string', bad);
    }
    const zones = ['Europe/Berlin', 'UTC', '+01:00', 'Mars/Olympus', ''].filter(isTimeZone);
    assert.deepEqual(zones, ['Europe/Berlin', 'UTC']);
  });
});

const places = [
  ['Europe/Berlin', '2026-03-27T00:00:00Z'],
  ['Europe/Berlin', '2026-10-23T00:00:00Z'],
  ['America/New_York', '2026-10-30T00:00:00Z'],
  ['America/Sao_Paulo', '2018-11-02T00:00:00Z'],
  ['Australia/Lord_Howe', '2026-10-02T00:00:00Z'],
  ['Australia/Lord_Howe', '2026-04-03T00:00:00Z'],
  ['Africa/Casablanca', '2026-02-13T00:00:00Z'],
  ['Asia/Kathmandu', '2026-05-01T00:00:00Z'],
] as const;

const numbers = (most: number) => fc.uniqueArray(fc.nat(most), { minLength: 1, maxLength: 4 });
const cases = fc.record({
  place: fc.constantFrom(...places),
  minutes: fc.oneof(numbers(59), fc.constant([0, 30])),
  hours: fc.oneof(fc.uniqueArray(fc.integer({ min: 0, max: 4 }), { minLength: 1 }), fc.constant(null)),
  weekdays: fc.oneof(numbers(6), fc.constant(null)),
});

interface Case {
  readonly place: readonly [string, string];
  readonly minutes: readonly number[];
  readonly hours: readonly number[] | null;
  readonly weekdays: readonly number[] | null;
}

const expressionOf = ({ minutes, hours, weekdays }: Case): string =>
  `${minutes.join(',')} ${hours?.join(',') ?? '*'} * * ${weekdays?.join(',') ?? '*'}`;

/** Every run in (from, to], counted minute by minute on the wall clock. */
function counted({ place: [timeZone], minutes, hours, weekdays }: Case, from: number, to: number): number[] {
  const runs = new Set<number>();
  for (let wall = Math.floor(from / minuteMs - 1_800) * minuteMs; wall <= to + 30 * hourMs; wall += minuteMs) {
    const time = new Date(wall);
    const named =
      minutes.includes(time.getUTCMinutes()) &&
      (hours?.includes(time.getUTCHours()) ?? true) &&
      (weekdays?.includes(time.getUTCDay()) ?? true);
    if (named) {
      const early = offsetAt(timeZone, wall - 36 * hourMs);
      const offsets = [...new Set([early, offsetAt(timeZone, wall + 36 * hourMs)])];
      const real = offsets.filter((offset) => offsetAt(timeZone, wall - offset) === offset);
      const instants = real.map((offset) => wall - offset).toSorted((left, right) => left - right);
      const [first = wall - early] = instants;
      (hours === null ? instants : [first]).forEach((instant) => runs.add(instant));
    }
  }
  return [...runs].filter((at) => at > from && at <= to).toSorted((left, right) => left - right);
}

describe('any schedule', () => {
  it('is due when a count of every minute says so, wherever one begins to look, forward and backward', () => {
    fc.assert(
      fc.property(cases, fc.nat(47), (each, startHour) => {
        const [timeZone, day] = each.place;
        const from = Date.parse(day) + startHour * hourMs + 1;
        const to = Date.parse(day) + 4 * 24 * hourMs;
        const schedule = { cron: expressionOf(each), timeZone };
        const expected = counted(each, from, to);
        const forward: number[] = [];
        for (let at = nextRun(schedule, new Date(from)); at && at.getTime() <= to; at = nextRun(schedule, at)) {
          forward.push(at.getTime());
        }
        assert.deepEqual(forward, expected);
        const backward = newestRuns(schedule, new Date(from), new Date(to), 10).map((at) => at.getTime());
        assert.deepEqual(backward, expected.slice(-10));
      }),
      { numRuns: 60 },
    );
  });

  it('makes exactly the runs its policy says, whenever its owner was away', () => {
    const gaps = fc.array(fc.oneof(fc.nat(120), fc.integer({ min: 0, max: 900 })), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(cases, gaps, fc.constantFrom(...missedPolicies), (each, minutes, missed) => {
        const [timeZone, day] = each.place;
        const schedule = { cron: expressionOf(each), timeZone, missed };
        const begin = Date.parse(day) + 12 * hourMs;
        let now = begin;
        let nextAt = nextRun(schedule, new Date(begin));
        const made: number[] = [];
        const expected: number[] = [];
        for (const gap of minutes) {
          const before = now;
          now += gap * minuteMs + 7_000;
          const fresh = counted(each, before, now);
          const late = fresh.filter((at) => at < now - limits.scheduleLateMs);
          const keep = { skip: 0, once: 1, all: limits.scheduleCatchUp }[missed];
          expected.push(...late.slice(Math.max(late.length - keep, 0)), ...fresh.filter((at) => !late.includes(at)));
          if (nextAt && nextAt.getTime() <= now) {
            const due = dueRuns(schedule, nextAt, new Date(now));
            made.push(...due.runs.map((at) => at.getTime()));
            assert.equal(due.missedSince !== null, late.length > 0);
            nextAt = due.nextAt;
          }
        }
        assert.deepEqual(made, expected);
      }),
      { numRuns: 60 },
    );
  });

  it('makes up for no more missed runs than the limit, the newest ones, and never looks back over all of them', () => {
    const schedule = { cron: '* * * * * *', timeZone: 'Europe/Berlin', missed: 'all' } as const;
    const now = new Date('2026-06-01T00:00:00Z');
    const due = dueRuns(schedule, new Date('2020-01-01T00:00:00Z'), now);
    assert.equal(due.madeUp, limits.scheduleCatchUp);
    const expected = Array.from(
      { length: limits.scheduleCatchUp },
      (_, index) => now.getTime() - limits.scheduleLateMs - 1_000 * (limits.scheduleCatchUp - index),
    );
    assert.deepEqual(
      due.runs.slice(0, due.madeUp).map((at) => at.getTime()),
      expected,
    );
    assert.equal(due.nextAt?.toISOString(), '2026-06-01T00:00:01.000Z');
  });

  it('counts what was missed up to that limit, whatever the policy makes up for', () => {
    const now = new Date('2026-06-01T00:00:00Z');
    for (const missed of missedPolicies) {
      const every = (cron: string) => ({ cron, timeZone: 'Europe/Berlin', missed }) as const;
      const few = dueRuns(every('0 * * * *'), new Date('2026-05-31T20:00:00Z'), now);
      assert.deepEqual([few.missed, few.madeUp], [4, { skip: 0, once: 1, all: 4 }[missed]], missed);
      const many = dueRuns(every('* * * * *'), new Date('2026-05-01T00:00:00Z'), now);
      assert.equal(many.missed, limits.scheduleCatchUp, missed);
      const none = dueRuns(every('0 * * * *'), now, now);
      assert.deepEqual([none.missed, none.runs.length], [0, 1], missed);
    }
  });
});
