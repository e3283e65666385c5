// Which runs of a schedule are to be made now, and which were missed. Pure.
import { limits } from '#config/limits.ts';
import { newestRuns, nextRun, type Cron } from './cron.ts';

/**
 * What becomes of runs that were due while nobody ran: none is made up for · the newest one is · all are, the newest
 * `limits.scheduleCatchUp` of them.
 */
export const missedPolicies = ['skip', 'once', 'all'] as const;
export type MissedPolicy = (typeof missedPolicies)[number];

/** What a moment asks of a schedule. */
export interface Due {
  /** Runs to be made, oldest first. */
  readonly runs: readonly Date[];
  /** The first run that was missed, where any was: found later than `limits.scheduleLateMs` after it was due. */
  readonly missedSince: Date | null;
  /** How many were missed, counted up to `limits.scheduleCatchUp`: a month of seconds is not walked over. */
  readonly missed: number;
  /** How many of the runs are missed ones. */
  readonly madeUp: number;
  /** The next run after now; null where there is none. */
  readonly nextAt: Date | null;
}

/** What is due of a schedule whose next run was to be at `nextAt`. A clock that is behind takes that run for now. */
export function dueRuns(schedule: Cron & { missed: MissedPolicy }, nextAt: Date, clock: Date): Due {
  const now = new Date(Math.max(clock.getTime(), nextAt.getTime()));
  const before = new Date(nextAt.getTime() - 1);
  const late = new Date(now.getTime() - limits.scheduleLateMs - 1);
  const wasMissed = nextAt <= late;
  const most = { skip: 0, once: 1, all: limits.scheduleCatchUp }[schedule.missed];
  const missed = wasMissed ? newestRuns(schedule, before, late, limits.scheduleCatchUp) : [];
  const madeUp = missed.slice(missed.length - Math.min(most, missed.length));
  const inTime = newestRuns(schedule, wasMissed ? late : before, now, limits.scheduleCatchUp);
  return {
    runs: [...madeUp, ...inTime],
    missedSince: wasMissed ? nextAt : null,
    missed: missed.length,
    madeUp: madeUp.length,
    nextAt: nextRun(schedule, now),
  };
}
