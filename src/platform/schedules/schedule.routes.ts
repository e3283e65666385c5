// The paths of schedules, and what they read.
import { z } from 'zod';
import { limits } from '#config/limits.ts';
import { permissions } from '../auth/permissions.ts';
import { Work } from '../commands/work.ts';
import { decodeCursor, encodeCursor, pageQuery, toPage, type Page } from '../http/cursor.ts';
import { expectedNumber, tagged } from '../http/etag.ts';
import { defineRoute, type Caller, type Route } from '../http/route.ts';
import type { scheduleCommands } from './schedule.commands.ts';
import { revDiffers, scheduleUnknown } from './schedule.errors.ts';
import { presentRun, presentSchedule } from './schedule.presenter.ts';
import {
  removedView,
  runView,
  scheduleBody,
  scheduleName,
  schedulePage,
  scheduleView,
  scheduleWithRuns,
} from './schedule.schema.ts';
import { Schedules, type Schedule } from './schedule.ts';

const params = z.strictObject({ name: scheduleName });
const bounded = { maxTimeMS: limits.mongoMs };
const read = { permission: 'schedule.read' } as const;
const write = { permission: 'schedule.write' } as const;
const takesVersion = { 'If-Match': 'The version it must still have, as ETag gave it' };
const givesVersion = { ETag: 'Its version' };

async function withRuns(schedule: Schedule, count: number): Promise<z.output<typeof scheduleWithRuns>> {
  // Causes of one schedule are a range of the index by actor, kind and cause, in order of time.
  const idempotencyKey = { $gte: `s.${schedule._id}.`, $lt: `s.${schedule._id}/` };
  const rows = await Work.native()
    .find({ actor: 'system', kind: schedule.kind, idempotencyKey }, bounded)
    .sort({ idempotencyKey: -1 })
    .limit(count)
    .toArray();
  return { ...presentSchedule(schedule), runs: rows.map(presentRun) };
}

async function listSchedules(query: z.output<typeof pageQuery>): Promise<Page<unknown>> {
  const after = query.cursor === undefined ? '' : z.string().parse(decodeCursor('schedules', query.cursor));
  const found = await Schedules.native()
    .find({ _id: { $gt: after }, removedAt: null }, { ...bounded, sort: { _id: 1 }, limit: query.limit + 1 })
    .toArray();
  const views = await Promise.all(found.map(async (schedule) => await withRuns(schedule, 1)));
  const cursorAfter = ({ name }: { readonly name: string }): string => encodeCursor('schedules', name);
  return toPage(views, query.limit, (view) => view, cursorAfter);
}

/** The routes over the commands of schedules. */
export function scheduleRoutes(commands: ReturnType<typeof scheduleCommands>): readonly Route[] {
  return [...reads, ...writes(commands)];
}

const reads = [
  defineRoute({
    method: 'get',
    path: '/api/schedules',
    summary: 'Schedules by name, each with how its newest run ended',
    auth: read,
    scope: 'role',
    query: pageQuery,
    output: schedulePage,
    handle: async ({ query }) => ({ status: 200, body: await listSchedules(query) }),
  }),
  defineRoute({
    method: 'get',
    path: '/api/schedules/:name',
    summary: 'One schedule with its newest runs',
    auth: read,
    scope: 'role',
    params,
    output: scheduleWithRuns,
    problems: [scheduleUnknown],
    givesHeaders: givesVersion,
    handle: async ({ params: { name } }) => {
      const schedule = await Schedules.native().findOne({ _id: name, removedAt: null }, bounded);
      if (!schedule) {
        throw scheduleUnknown(`There is no schedule ${name}`);
      }
      return tagged({ status: 200, body: await withRuns(schedule, 10) }, 'version');
    },
  }),
];

function writes({ save, remove, run }: ReturnType<typeof scheduleCommands>): readonly Route[] {
  return [
    defineRoute({
      method: 'put',
      path: '/api/schedules/:name',
      summary: 'Make or replace a schedule; If-Match guards against changes of others',
      auth: write,
      scope: 'role',
      params,
      body: scheduleBody,
      output: scheduleView,
      alsoAnswers: { 201: 'It was made' },
      commands: [save],
      takesHeaders: takesVersion,
      givesHeaders: givesVersion,
      handle: async ({ params: { name }, body, header, submit, caller }) => {
        const input = { ...body, name, ...expected(header('if-match')), holds: heldBy(caller) };
        return tagged(await submit(save, input), 'version');
      },
    }),
    defineRoute({
      method: 'delete',
      path: '/api/schedules/:name',
      summary: 'Remove a schedule; runs that were made are done all the same',
      auth: write,
      scope: 'role',
      params,
      output: removedView,
      commands: [remove],
      takesHeaders: takesVersion,
      problems: [revDiffers],
      handle: async ({ params: { name }, header, submit }) =>
        await submit(remove, { name, ...expected(header('if-match')) }),
    }),
    defineRoute({
      method: 'post',
      path: '/api/schedules/:name/run',
      summary: 'Make one run now, beside those that are due',
      auth: write,
      scope: 'role',
      params,
      status: 201,
      output: runView,
      commands: [run],
      givesHeaders: { Location: 'The run, as an operation' },
      handle: async ({ params: { name }, submit, caller }) => {
        const answer = await submit(run, { name, holds: heldBy(caller) });
        const { operation } = answer.body as { readonly operation?: string };
        return operation === undefined
          ? answer
          : { ...answer, headers: { ...answer.headers, Location: `/api/operations/${operation}` } };
      },
    }),
  ];
}

/** Every permission a caller holds: which of them are needed knows the process that decides, which may offer more services. */
function heldBy(caller: Caller): string[] {
  return Object.keys(permissions).filter((permission) => caller.can(permission));
}

function expected(ifMatch: string | undefined): { readonly expectVersion?: number } {
  const expectVersion = expectedNumber(ifMatch, revDiffers);
  return expectVersion === undefined ? {} : { expectVersion };
}
