// Schedules as they are sent.
import type { WorkRow } from '../commands/work.ts';
import type { ScheduleView } from './schedule.schema.ts';
import type { Schedule } from './schedule.ts';

/** A schedule without its runs. */
export function presentSchedule(schedule: Schedule): ScheduleView {
  const { _id, cron, timeZone, kind, input, missed, enabled, error, savedBy, version } = schedule;
  return {
    name: _id,
    cron,
    timeZone,
    kind,
    input: input as ScheduleView['input'],
    missed,
    enabled,
    error,
    savedBy,
    version,
    nextAt: schedule.nextAt?.toISOString() ?? null,
    lastAt: schedule.lastAt?.toISOString() ?? null,
    createdAt: schedule.createdAt.toISOString(),
    updatedAt: schedule.updatedAt.toISOString(),
  };
}

/** A run's work row. */
export function presentRun({ _id, idempotencyKey = '', state, doneAt }: WorkRow) {
  return { operation: _id, cause: idempotencyKey, state, doneAt: doneAt?.toISOString() ?? null };
}
