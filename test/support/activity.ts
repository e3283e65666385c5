// The shapes that activity and analytics answer in, and acts to count. For tests of them.
import { z } from 'zod';
import { newId } from '#src/platform/ids.ts';
import type { LoggedIn } from './accounts.ts';
import { rowsIn } from './skills.ts';

/** A page of activity. */
export const pageShape = z.strictObject({
  data: z.array(z.looseObject({ type: z.string(), by: z.string().optional(), data: z.looseObject({}) })),
  page: z.strictObject({ nextCursor: z.string().nullable(), hasMore: z.boolean() }),
});
const figures = {
  did: z.record(z.string(), z.int()),
  connectionsGained: z.int(),
  endorsementsReceived: z.int(),
  profileViews: z.int().optional(),
};
/** An analysis. */
export const analyticsShape = z.strictObject({
  userId: z.string(),
  from: z.string(),
  to: z.string(),
  tz: z.string(),
  asOf: z.iso.datetime(),
  series: z.array(z.strictObject({ day: z.string(), ...figures })),
  totals: z.strictObject(figures),
});

/** Puts acts of a person at instants into the log. */
export async function acted(who: LoggedIn, times: readonly Date[], more: object = {}): Promise<void> {
  const event = { type: 'test.acted', subject: 'x', actor: who.user.id, data: {}, audience: [], requestId: 'r' };
  await rowsIn('events').insertMany(times.map((time) => ({ _id: newId(), ...event, time, ...more })));
}
