// The rows of schedules, and what happens to them. Written by the commands of this folder only.
import { z } from 'zod';
import { shardFor } from '../commands/work.ts';
import { defineEvent } from '../events/event.ts';
import { defineCollection } from '../mongo/collection.ts';
import type { MissedPolicy } from './due.ts';

/** A command that is done again and again at times a cron expression names. */
export interface Schedule {
  /** Its name. */
  readonly _id: string;
  readonly cron: string;
  readonly timeZone: string;
  /** The command and its input, parsed by that command when the schedule was saved. */
  readonly kind: string;
  readonly input: unknown;
  readonly missed: MissedPolicy;
  readonly enabled: boolean;
  /** Why it was switched off by itself: its command is gone or takes another input now. */
  readonly error: string | null;
  /** When it is due next; null while it is switched off. */
  readonly nextAt: Date | null;
  /** The due time of its newest run. */
  readonly lastAt: Date | null;
  readonly savedBy: string;
  /** A removed schedule stays as a row: whoever makes it again cannot repeat its runs. */
  readonly removedAt: Date | null;
  readonly shard: string;
  /** Counts the changes people made: what If-Match compares. */
  readonly version: number;
  /** Counts every change, runs too. */
  readonly rev: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** All schedules. */
export const Schedules = defineCollection<Schedule>(
  'schedules',
  {
    cron: String,
    timeZone: String,
    kind: String,
    input: Object,
    missed: String,
    enabled: Boolean,
    error: String,
    nextAt: Date,
    lastAt: Date,
    savedBy: String,
    removedAt: Date,
    shard: String,
    version: Number,
    rev: Number,
    createdAt: Date,
    updatedAt: Date,
  },
  [{ key: { shard: 1, nextAt: 1 }, partialFilterExpression: { enabled: true } }],
);

/** The key of a schedule's commands: they are done one after another. */
export function scheduleKey(name: string): string {
  return `schedule.${name}`;
}

/** The shard whose owner fires a schedule. */
export function scheduleShard(name: string): string {
  return shardFor('operations', scheduleKey(name));
}

/** The cause of a run: the same due time is the same row, for ever. Names hold no dot, so causes sort by time. */
export function runCause(name: string, dueAt: Date): string {
  return `s.${name}.${dueAt.toISOString()}`;
}

/** The id of the request that a schedule's due runs are part of: a form that every door takes. Names fit, times are made to. */
export function runRequestId(name: string, dueAt: Date, rev: number): string {
  return `s.${name}.${dueAt.toISOString().replaceAll(/[-:]/gu, '')}.${rev}`;
}

/** The feed that tells operators of what they set; read with `feed.read.any`. */
export const operationsFeed = 'operations';

const name = z.string();
const time = z.iso.datetime();

/** A schedule was made or changed. */
export const scheduleSaved = defineEvent(
  'schedule.saved',
  z.object({
    name,
    cron: z.string(),
    timeZone: z.string(),
    kind: z.string(),
    enabled: z.boolean(),
    nextAt: time.nullable(),
  }),
);

/** A schedule was removed. */
export const scheduleRemoved = defineEvent('schedule.removed', z.object({ name }));

/** A run was made: `cause` names its work row. `manual`: somebody asked for it. */
export const scheduleFired = defineEvent(
  'schedule.fired',
  z.object({ name, kind: z.string(), dueAt: time, cause: z.string(), manual: z.boolean() }),
);

/**
 * Runs were due while nobody ran, from `since` on: `missed` many, counted up to `limits.scheduleCatchUp`. `madeUp` of them
 * were made up for, as the policy says.
 */
export const scheduleMissed = defineEvent(
  'schedule.missed',
  z.object({ name, since: time, policy: z.string(), missed: z.int(), madeUp: z.int() }),
);

/** A schedule was switched off by itself; `error` says why. */
export const scheduleStopped = defineEvent('schedule.stopped', z.object({ name, error: z.string() }));

/** A sign of life that went the whole way: schedule, row, owner, commit, feed. */
export const heartbeatSent = defineEvent('operations.heartbeat', z.object({ note: z.string().nullable() }));
