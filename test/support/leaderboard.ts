// The leaderboard as clients read it, page by page, and as MongoDB says it must be. Called by test/e2e.
import assert from 'node:assert/strict';
import type { mongo } from 'mongoose';
import { z } from 'zod';
import { eventually } from './eventually.ts';
import { call } from './fleet.ts';

const board = z.object({
  data: z.array(z.object({ rank: z.int(), userId: z.string(), score: z.int() })),
  page: z.object({ nextCursor: z.string().nullable(), hasMore: z.boolean() }),
});

/** Every place of the board `xp`, through the API. */
export async function readLeaderboard(url: string, token: string): Promise<z.output<typeof board>['data']> {
  const places: z.output<typeof board>['data'] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const path = `/api/gamification/leaderboard?limit=7${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
    const { status, body } = await call(url, 'GET', path, { token });
    assert.equal(status, 200, JSON.stringify(body));
    const { data, page } = board.parse(body);
    places.push(...data);
    cursor = page.hasMore ? page.nextCursor : null;
  }
  return places;
}

/** Every place as the truth has it. */
async function trueLeaderboard(db: mongo.Db): Promise<z.output<typeof board>['data']> {
  const totals = await db
    .collection<{ _id: string; xp: number }>('xp_totals')
    .find()
    .sort({ xp: -1, achievedAt: 1, _id: -1 })
    .toArray();
  return totals.map(({ _id, xp }, index) => ({ rank: index + 1, userId: _id, score: xp }));
}

/** Each API shows the board as MongoDB has it, within the second a generation may be remembered. */
export async function checkLeaderboard(db: mongo.Db, urls: readonly string[], token: string): Promise<void> {
  for (const url of urls) {
    await eventually(async () => {
      assert.deepEqual(await readLeaderboard(url, token), await trueLeaderboard(db), `the board of ${url}`);
    }, 3_000);
  }
}
