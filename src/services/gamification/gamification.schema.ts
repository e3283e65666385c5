// Shapes of the gamification service: what it takes, what it answers.
import { z } from 'zod';
import { limits } from '#config/limits.ts';
import { emailAddress } from '#src/services/user/index.ts';

/** A user's id in a path or body. */
export const userId = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[A-Za-z0-9._-]+$/u, 'may hold only letters, digits, . _ and -');

/** Body of `POST /api/gamification/xp/add`. `occurredAt` is when it was earned, with its offset; now if left out. */
export const addXp = z.strictObject({
  userId,
  amount: z
    .int()
    .min(-1_000_000)
    .max(1_000_000)
    .refine((amount) => amount !== 0, 'must not be 0'),
  reason: z.string().trim().min(1).max(200),
  occurredAt: z.iso.datetime({ offset: true }).max(40).optional(),
});

/** Input of the command behind it. */
export const grantXp = addXp.extend({ mayCorrect: z.boolean() });

/** A grant as a command takes it. */
export type GrantXp = z.output<typeof grantXp>;

const reason = addXp.shape.reason;

/**
 * One line of the import `xp`: a grant, known for ever by its source and its id there. An opening total is one line for
 * each person, with an id such as `total`.
 */
export const xpLine = z.strictObject({
  email: emailAddress,
  amount: z
    .union([
      z.int(),
      z
        .string()
        .regex(/^\d{1,7}$/u, 'must be a whole number')
        .transform(Number),
    ])
    .pipe(z.int().min(1).max(1_000_000)),
  reason,
  source: z.string().regex(/^[a-z0-9-]{1,40}$/u, 'may hold a-z, 0-9 and -'),
  id: z.string().regex(/^[A-Za-z0-9._~-]{1,100}$/u, 'may hold letters, digits, ., _, ~ and -'),
  occurredAt: addXp.shape.occurredAt,
});
export type XpLine = z.output<typeof xpLine>;

/** Input of the command behind it. */
export const importXp = xpLine.omit({ email: true }).extend({ userId });
export type ImportXp = z.output<typeof importXp>;

/** A level's name and number, 1 is the lowest. */
export const level = z.object({ name: z.string(), number: z.int() }).meta({ id: 'Level' });

/** A badge somebody has. */
export const badge = z
  .object({ code: z.string(), name: z.string(), awardedAt: z.iso.datetime().optional() })
  .meta({ id: 'Badge' });

/** Answer of a grant. */
export const xpGranted = z.object({ userId, xp: z.int(), level, awarded: z.array(badge) });

/** Answer of `GET /api/gamification/xp/:userId`. `next` is null on the highest level. */
export const xpState = z.object({
  userId,
  xp: z.int(),
  level,
  next: z.object({ name: z.string(), xp: z.int(), missing: z.int() }).nullable(),
});

/** Answer of `GET /api/gamification/profile/:userId`. */
export const profile = xpState.extend({
  name: z.string(),
  grants: z.int(),
  badges: z.array(badge),
  ranks: z.array(z.object({ board: z.string(), rank: z.int().nullable(), asOf: z.iso.datetime() })),
});

/** Query of the leaderboard. */
export const leaderboardQuery = z.strictObject({
  board: z.enum(['xp']).default('xp'),
  period: z.enum(['all']).default('all'),
  around: userId.optional(),
  rank: z.enum(['ordinal', 'competition', 'dense']).default('ordinal'),
  limit: z.coerce.number().int().min(1).max(limits.pageMax).default(limits.pageDefault),
  cursor: z.string().max(500).optional(),
});

/** How places are numbered among equal scores. */
export type RankMode = z.output<typeof leaderboardQuery>['rank'];

/** One place of a board. */
export const place = z.object({ rank: z.int(), userId, name: z.string(), score: z.int() }).meta({ id: 'Place' });

/** Answer of the leaderboard: a projection, so it says of when it is. */
export const leaderboard = z.object({
  data: z.array(place),
  page: z.object({ nextCursor: z.string().nullable(), hasMore: z.boolean() }),
  asOf: z.iso.datetime(),
});
