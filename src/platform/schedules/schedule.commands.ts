// Writes of schedules: saved, removed, run at once, and fired when they are due. All of one schedule are done one after
// another by the owner of its shard.
import { defineCommand, put, type Command, type State } from '../commands/command.ts';
import type { Decision, Reader } from '../commands/command.ts';
import { problems, type AppError } from '../errors.ts';
import { nextRun } from './cron.ts';
import { dueRuns } from './due.ts';
import { kindNotSchedulable, revDiffers, scheduleUnknown } from './schedule.errors.ts';
import { faultOfWish, whyStopped, type Schedulable } from './schedule.policy.ts';
import { presentSchedule } from './schedule.presenter.ts';
import { fireInput, heartbeatInput, removeInput, runInput, saveInput } from './schedule.schema.ts';
import type { FireInput, RemoveInput, RunInput, SaveInput } from './schedule.schema.ts';
import * as rows from './schedule.ts';

const { Schedules } = rows;
type Schedule = rows.Schedule;

/** The kind of the command that makes the runs that are due. */
export const fireKind = 'operations.schedule.fire';

const keyOf = (input: { readonly name: string }): string => rows.scheduleKey(input.name);
const load = async (commands: readonly Command<{ readonly name: string }>[], reader: Reader): Promise<void> => {
  await reader.read(
    Schedules,
    commands.map(({ input }) => input.name),
  );
};

function existing(state: State, name: string): Schedule | null {
  const schedule = state.get(Schedules, name);
  return schedule && schedule.removedAt === null ? schedule : null;
}

/** Sends a sign of life to the feed `operations`. */
export const heartbeat = defineCommand({
  kind: 'operations.heartbeat',
  pool: 'operations',
  schedulable: { needs: [], input: heartbeatInput },
  input: heartbeatInput,
  key: () => 'heartbeat',
  load: async () => await Promise.resolve(),
  decide: (_state, { input }, now) => {
    const data = { note: input.note ?? null };
    const audience = [rows.operationsFeed];
    return {
      events: [rows.heartbeatSent.draft({ subject: 'operations', audience, data })],
      result: { at: now.toISOString() },
    };
  },
});

/** The commands of schedules over what may be scheduled. */
export function scheduleCommands(schedulable: Schedulable) {
  /**
   * Makes or replaces a schedule. Codes: schedule.kind-not-schedulable, auth.forbidden, request.invalid,
   * request.precondition-failed.
   */
  const save = defineCommand<SaveInput>({
    kind: 'operations.schedule.save',
    pool: 'operations',
    problems: [kindNotSchedulable, problems.forbidden, revDiffers],
    input: saveInput,
    identity: ({ holds: _holds, ...input }) => input,
    key: keyOf,
    load,
    decide: (state, command, now) => decideSave(schedulable, state, command, now),
  });
  /** Removes a schedule; its runs stay. Codes: schedule.unknown, request.precondition-failed. */
  const remove = defineCommand<RemoveInput>({
    kind: 'operations.schedule.remove',
    pool: 'operations',
    problems: [scheduleUnknown, revDiffers],
    input: removeInput,
    key: keyOf,
    load,
    decide: (state, { input }, now) => decideRemove(state, input, now),
  });
  /**
   * Makes a run now, beside those that are due. Codes: schedule.unknown, auth.forbidden,
   * schedule.kind-not-schedulable.
   */
  const run = defineCommand<RunInput>({
    kind: 'operations.schedule.run',
    pool: 'operations',
    problems: [scheduleUnknown, problems.forbidden, kindNotSchedulable],
    input: runInput,
    identity: ({ name }) => ({ name }),
    key: keyOf,
    load,
    decide: (state, command, now) => decideRun(schedulable, state, command, now),
  });
  /** Makes the runs that are due and moves the schedule on, together. */
  const fire = defineCommand<FireInput>({
    kind: fireKind,
    pool: 'operations',
    input: fireInput,
    key: keyOf,
    load,
    decide: (state, { input }, now) => {
      const schedule = existing(state, input.name);
      if (!schedule?.nextAt || schedule.rev !== input.rev) {
        return { result: { fired: 0 } };
      }
      const fault = whyStopped(schedulable, schedule);
      return fault === null ? fired(schedule, schedule.nextAt, now) : stopped(schedule, fault, now);
    },
  });
  return { save, remove, run, fire };
}

const told = (name: string) => ({ subject: rows.scheduleKey(name), audience: [rows.operationsFeed] });

function changed(before: Schedule, now: Date): Schedule {
  return { ...before, rev: before.rev + 1, updatedAt: now };
}

function decideRemove(state: State, { name, expectVersion }: RemoveInput, now: Date): Decision | AppError {
  const before = existing(state, name);
  if (!before) {
    return scheduleUnknown(`There is no schedule ${name}`);
  }
  const moved = movedOn(before, name, expectVersion);
  if (moved) {
    return moved;
  }
  const version = before.version + 1;
  return {
    writes: [put(Schedules, { ...changed(before, now), version, enabled: false, nextAt: null, removedAt: now })],
    events: [rows.scheduleRemoved.draft({ ...told(name), data: { name } })],
    result: { name, removed: true },
  };
}

function movedOn(before: Schedule | null, name: string, expected: number | undefined): AppError | null {
  if (expected === undefined || expected === before?.version) {
    return null;
  }
  return revDiffers(before ? `The schedule is at ${before.version}` : `There is no schedule ${name}`);
}

function decideSave(
  schedulable: Schedulable,
  state: State,
  command: Command<SaveInput>,
  now: Date,
): Decision | AppError {
  const { name, expectVersion, holds, ...body } = command.input;
  const before = existing(state, name);
  const fault = movedOn(before, name, expectVersion) ?? faultOfWish(schedulable, body, holds);
  if (fault) {
    return fault;
  }
  // A schedule that was removed counts on, so that no due time is ever made twice.
  const row = state.get(Schedules, name);
  const nextAt = body.enabled ? nextOf(body, before, row?.lastAt ?? null, now) : null;
  if (body.enabled && nextAt === null) {
    const errors = [{ pointer: '/body/cron', code: 'cron', detail: 'Is not due within nine years' }];
    return problems.invalid(undefined, { errors });
  }
  const begin = row ?? { lastAt: null, version: 0, rev: 0 };
  const schedule: Schedule = {
    _id: name,
    ...body,
    error: null,
    nextAt,
    lastAt: begin.lastAt,
    savedBy: command.actor,
    removedAt: null,
    shard: rows.scheduleShard(name),
    version: begin.version + 1,
    rev: begin.rev + 1,
    createdAt: before?.createdAt ?? now,
    updatedAt: now,
  };
  return saved(schedule, before === null);
}

function saved(schedule: Schedule, isNew: boolean): Decision {
  const { _id: name, cron, timeZone, kind, enabled, nextAt } = schedule;
  const data = { name, cron, timeZone, kind, enabled, nextAt: nextAt?.toISOString() ?? null };
  return {
    writes: [put(Schedules, schedule)],
    events: [rows.scheduleSaved.draft({ ...told(name), data })],
    result: presentSchedule(schedule),
    status: isNew ? 201 : 200,
  };
}

/** A change of what is done leaves a run that is due already due; a change of when begins anew. */
function nextOf(
  body: Pick<Schedule, 'cron' | 'timeZone'>,
  before: Schedule | null,
  lastAt: Date | null,
  now: Date,
): Date | null {
  if (before?.nextAt && before.cron === body.cron && before.timeZone === body.timeZone) {
    return before.nextAt;
  }
  return nextRun(body, new Date(Math.max(now.getTime(), lastAt?.getTime() ?? 0)));
}

function decideRun(schedulable: Schedulable, state: State, command: Command<RunInput>, now: Date): Decision | AppError {
  const { name, holds } = command.input;
  const schedule = existing(state, name);
  if (!schedule) {
    return scheduleUnknown(`There is no schedule ${name}`);
  }
  const fault = whyStopped(schedulable, schedule);
  if (fault !== null) {
    return kindNotSchedulable(fault);
  }
  const forbidden = faultOfWish(schedulable, schedule, holds);
  if (forbidden) {
    return forbidden;
  }
  const { kind, input } = schedule;
  const operation = `${command.id}.run`;
  const cause = `${rows.runCause(name, now)}.${command.id}`;
  const data = { name, kind, dueAt: now.toISOString(), cause, manual: true };
  return {
    events: [rows.scheduleFired.draft({ ...told(name), data })],
    work: [{ id: operation, kind, input, cause }],
    result: { name, kind, operation, cause },
  };
}

function fired(schedule: Schedule, dueAt: Date, now: Date): Decision {
  const { _id: name, kind, input } = schedule;
  const due = dueRuns(schedule, dueAt, now);
  const runs = due.runs.map((at) => ({ at, cause: rows.runCause(name, at) }));
  const missed = due.missedSince && {
    name,
    since: due.missedSince.toISOString(),
    policy: schedule.missed,
    missed: due.missed,
    madeUp: due.madeUp,
  };
  return {
    writes: [
      put(Schedules, { ...changed(schedule, now), nextAt: due.nextAt, lastAt: runs.at(-1)?.at ?? schedule.lastAt }),
    ],
    events: [
      ...(missed ? [rows.scheduleMissed.draft({ ...told(name), data: missed })] : []),
      ...runs.map(({ at, cause }) =>
        rows.scheduleFired.draft({
          subject: rows.scheduleKey(name),
          audience: [],
          data: { name, kind, dueAt: at.toISOString(), cause, manual: false },
        }),
      ),
    ],
    work: runs.map(({ cause }) => ({ kind, input, cause })),
    result: { fired: runs.length },
  };
}

function stopped(schedule: Schedule, error: string, now: Date): Decision {
  const { _id: name } = schedule;
  return {
    writes: [put(Schedules, { ...changed(schedule, now), enabled: false, nextAt: null, error })],
    events: [rows.scheduleStopped.draft({ ...told(name), data: { name, error } })],
    result: { fired: 0, error },
  };
}
