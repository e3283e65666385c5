// HTTP of the gamification service.
import { z } from 'zod';
import { decodeCursor, encodeCursor } from '#src/platform/http/cursor.ts';
import { defineRoute } from '#src/platform/http/route.ts';
import { addXpCommand } from './gamification.commands.ts';
import { userUnknown } from './gamification.errors.ts';
import { presentProfile, presentXp } from './gamification.presenter.ts';
import { leaderboardPage, totalsOf, xpBoard } from './gamification.queries.ts';
import { addXp, leaderboard, leaderboardQuery, profile, userId, xpGranted, xpState } from './gamification.schema.ts';

const byUser = z.strictObject({ userId });

/** Every route of the service. */
export const gamificationRoutes = [
  defineRoute({
    method: 'post',
    path: '/api/gamification/xp/add',
    summary: 'Grant XP to a user',
    auth: { permission: 'xp.grant' },
    scope: 'role',
    quiet: true,
    body: addXp,
    status: 201,
    output: xpGranted,
    commands: [addXpCommand],
    handle: async ({ body, caller, submit }) =>
      await submit(addXpCommand, { ...body, mayCorrect: caller.can('xp.correct') }, 201),
  }),
  defineRoute({
    method: 'get',
    path: '/api/gamification/xp/:userId',
    summary: "A user's XP, level and what is missing to the next one",
    auth: 'user',
    scope: 'visible',
    params: byUser,
    output: xpState,
    problems: [userUnknown],
    handle: async ({ params, caller }) => ({
      status: 200,
      body: presentXp((await totalsOf(params.userId, caller)).totals),
    }),
  }),
  defineRoute({
    method: 'get',
    path: '/api/gamification/profile/:userId',
    summary: "A user's XP, badges and ranks",
    auth: 'user',
    scope: 'visible',
    params: byUser,
    output: profile,
    problems: [userUnknown],
    handle: async ({ params, caller }) => {
      const { totals, name } = await totalsOf(params.userId, caller);
      const page = await xpBoard.page({ around: params.userId }, 1, 'ordinal');
      const rank = page?.places.find(({ owner }) => owner === params.userId)?.rank ?? null;
      return { status: 200, body: presentProfile(totals, name, rank, page?.asOf ?? new Date()) };
    },
  }),
  defineRoute({
    method: 'get',
    path: '/api/gamification/leaderboard',
    summary: 'Places by XP, from the top, after a cursor, or around a user',
    auth: 'user',
    scope: 'visible',
    query: leaderboardQuery,
    output: leaderboard,
    problems: [userUnknown],
    handle: async ({ query, caller }) => {
      const offset = query.cursor === undefined ? 0 : z.int().min(0).parse(decodeCursor('leaderboard', query.cursor));
      const from = query.around === undefined ? { offset } : { around: query.around };
      const page = await leaderboardPage(from, query.limit, query.rank, caller);
      const next = page.hasMore ? encodeCursor('leaderboard', page.offset + page.places.length) : null;
      return {
        status: 200,
        body: {
          data: page.places.map(({ rank, owner, score }) => ({
            rank,
            userId: owner,
            name: page.names.get(owner) ?? 'somebody who left',
            score,
          })),
          page: { nextCursor: next, hasMore: page.hasMore },
          asOf: page.asOf.toISOString(),
        },
      };
    },
  }),
];
