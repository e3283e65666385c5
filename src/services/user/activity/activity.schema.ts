// Inputs and outputs of activity and analytics.
import { z } from 'zod';
import { pageOf, pageQuery } from '#src/platform/http/cursor.ts';
import { isTimeZone } from '#src/platform/schedules/zone.ts';
import { userId } from '../user.schema.ts';
import { daysBetween } from './activity.policy.ts';

/** Longest range one analysis covers. */
const mostDays = 400;

/** Paths of activity. */
export const activityOf = z.strictObject({ id: userId });

/** `GET /api/users/:id/activity`. */
export const activityQuery = pageQuery.extend({
  types: z
    .string()
    .max(500)
    .regex(/^[a-z.-]{1,60}(?:,[a-z.-]{1,60}){0,19}$/u, 'Must be types of events, separated by commas')
    .optional()
    .describe('Types of events, separated by commas; all if left out'),
});

/** One thing that happened, in somebody's activity. */
export const activityPage = pageOf(
  z
    .strictObject({
      id: z.string(),
      type: z.string(),
      time: z.iso.datetime(),
      subject: z.string(),
      by: z.string().optional().describe('Who did it, where that may be seen'),
      data: z.record(z.string(), z.unknown()),
    })
    .meta({ id: 'Activity' }),
);

const day = z.iso.date().max(10);

/** `GET /api/users/:id/analytics`: days of a zone; the last 30 if left out. */
export const analyticsQuery = z
  .strictObject({
    from: day.optional().describe('First day'),
    to: day.optional().describe('Last day; today if left out'),
    tz: z
      .string()
      .max(64)
      .regex(/^[A-Za-z][A-Za-z0-9_+/-]*$/u)
      .refine(isTimeZone, 'There is no such zone')
      .default('UTC'),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || isRange(from, to), {
    path: ['to'],
    message: `Must be up to ${mostDays - 1} days after from`,
  });

/** True where an analysis may cover these days. */
export function isRange(from: string, to: string): boolean {
  const { length } = daysBetween(from, to);
  return length >= 1 && length <= mostDays;
}

const figures = {
  did: z.record(z.string(), z.int()).describe('What they did, by type of event'),
  connectionsGained: z.int(),
  endorsementsReceived: z.int().describe('Those that stand'),
  profileViews: z.int().optional().describe('People who looked, by days of UTC; missing where they are not counted'),
};

/** An analysis as of a moment. */
export const analyticsView = z
  .strictObject({
    userId: z.string(),
    from: z.string(),
    to: z.string(),
    tz: z.string(),
    asOf: z.iso.datetime(),
    series: z.array(z.strictObject({ day: z.string(), ...figures })).max(mostDays),
    totals: z.strictObject(figures),
  })
  .meta({ id: 'UserAnalytics' });
export type AnalyticsView = z.output<typeof analyticsView>;

/** `PUT /api/users/:id/analytics/views`. */
export const viewsChoice = z.strictObject({ counted: z.boolean() }).meta({ id: 'ViewsChoice' });

/** What the commands take. */
export const chooseInput = z.strictObject({ userId, counted: z.boolean() });
export const viewInput = z.strictObject({ userId, viewer: z.string().max(64) });
