// Inputs and outputs of schedules.
import { z } from 'zod';
import { pageOf } from '../http/cursor.ts';
import { cronFault } from './cron.ts';
import { missedPolicies } from './due.ts';
import { isTimeZone } from './zone.ts';

/** A schedule's name. No dot: causes of runs are taken apart by dots. */
export const scheduleName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/u, 'May hold a-z, 0-9 and -');

const cron = z
  .string()
  .trim()
  .max(200)
  .superRefine((value, context) => {
    const fault = cronFault(value);
    if (fault !== null) {
      context.addIssue({ code: 'custom', message: `Not a cron expression: ${fault}` });
    }
  });

/** Body of `PUT /api/schedules/:name`. */
export const scheduleBody = z.strictObject({
  cron,
  timeZone: z.string().max(64).refine(isTimeZone, 'Not the name of a time zone, such as Europe/Berlin').default('UTC'),
  kind: z.string().min(1).max(100),
  input: z.record(z.string(), z.unknown()).default({}),
  missed: z.enum(missedPolicies).default('skip'),
  enabled: z.boolean().default(true),
});

const count = z.int().min(0);

/** The permissions of who asks, as the door saw them. */
const holds = z.array(z.string()).max(1_000).default([]);

/** Inputs of the commands. `expectVersion`: refuse where the schedule is another one by now. */
export const saveInput = scheduleBody.extend({ name: scheduleName, expectVersion: count.optional(), holds });
export const removeInput = z.strictObject({ name: scheduleName, expectVersion: count.optional() });
export const runInput = z.strictObject({ name: scheduleName, holds });
export const fireInput = z.strictObject({ name: scheduleName, rev: count });
export const heartbeatInput = z.strictObject({ note: z.string().max(200).optional() });

const time = z.iso.datetime();

/** A run's work row; kept for a day after it is settled, longer where it gave up. */
const run = z.strictObject({
  operation: z.string(),
  cause: z.string(),
  state: z.enum(['new', 'done', 'refused', 'dead']),
  doneAt: time.nullable(),
});

/** A schedule as it stands. */
export const scheduleView = z.strictObject({
  name: scheduleName,
  cron: z.string(),
  timeZone: z.string(),
  kind: z.string(),
  input: z.record(z.string(), z.unknown()),
  missed: z.enum(missedPolicies),
  enabled: z.boolean(),
  error: z.string().nullable(),
  nextAt: time.nullable(),
  lastAt: time.nullable(),
  savedBy: z.string(),
  version: count,
  createdAt: time,
  updatedAt: time,
});

/** A schedule with its newest runs, newest first. */
export const scheduleWithRuns = scheduleView.extend({ runs: z.array(run) });

/** A page of schedules by name. */
export const schedulePage = pageOf(scheduleWithRuns);

/** Answer of `POST /api/schedules/:name/run`. */
export const runView = z.strictObject({
  name: scheduleName,
  kind: z.string(),
  operation: z.string(),
  cause: z.string(),
});

/** Answer of a removal. */
export const removedView = z.strictObject({ name: scheduleName, removed: z.literal(true) });

export type ScheduleView = z.output<typeof scheduleView>;
export type RemoveInput = z.output<typeof removeInput>;
export type RunInput = z.output<typeof runInput>;
export type FireInput = z.output<typeof fireInput>;
export type SaveInput = z.output<typeof saveInput>;
