// The shapes that activity and analytics answer in. For tests of them.
import { z } from 'zod';

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
