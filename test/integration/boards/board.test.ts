// The leaderboard's two executors, MongoDB and the Redis set, against cases that others published and each other.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import mongoose from 'mongoose';
import { Board, type RankMode, type Scored } from '#src/platform/boards/board.ts';
import { defineCollection } from '#src/platform/mongo/collection.ts';
import { connectMongo } from '#src/platform/mongo/connect.ts';
import { migrate } from '#src/platform/mongo/migrate.ts';
import { closeRedis, redisKey, sharedClient } from '#src/platform/redis/clients.ts';
import { eventually } from '../../support/eventually.ts';

interface Entry extends Scored {
  readonly points: number;
}

const Entries = defineCollection<Entry>('test_entries', { points: Number, achievedAt: Number, rev: Number }, [
  { key: { points: -1, achievedAt: 1, _id: -1 } },
]);
const board = new Board<Entry>('test', Entries, 'points');
const readyKey = redisKey('board', '{test}', 'ready');

async function hold(entries: readonly Entry[]): Promise<void> {
  await Entries.native().deleteMany({});
  if (entries.length > 0) {
    await Entries.native().insertMany(entries.map((entry) => ({ ...entry })));
  }
  await forget();
}

/** Empties Redis of this board, as a flush would; other test files share the server. */
async function forget(): Promise<void> {
  const keys = ['generation', 'set', 'revisions', 'ready', 'building'].map((part) => redisKey('board', '{test}', part));
  await sharedClient().del(...keys);
}

/** Scores in order of arrival, one millisecond apart. */
const arrivals = (scores: readonly number[]): Entry[] =>
  scores.map((points, index) => ({
    _id: `p${String(index).padStart(2, '0')}`,
    points,
    achievedAt: 1_000 + index,
    rev: 1,
  }));

const ranksOf = async (mode: RankMode, offset = 0, limit = 100): Promise<number[]> =>
  (await board.page({ offset }, limit, mode))?.places.map(({ rank }) => rank) ?? [];

/** Asks until the set answers; every answer on the way came from MongoDB. */
async function built(): Promise<void> {
  await eventually(async () => {
    await board.page({ offset: 0 }, 1, 'ordinal');
    assert.equal(await sharedClient().get(readyKey), '1');
  });
}

describe('leaderboard', () => {
  before(async () => {
    await connectMongo();
    await mongoose.connection.dropDatabase();
    await migrate();
    const client = sharedClient();
    if (client.status !== 'ready') {
      await new Promise<void>((resolve) => client.once('ready', () => resolve()));
    }
  });

  after(async () => {
    await mongoose.connection.dropDatabase();
    await closeRedis();
    await mongoose.disconnect();
  });

  // agoragames/leaderboard, tie ranking and competition ranking tests.
  for (const from of ['MongoDB', 'the set'] as const) {
    describe(`answered by ${from}`, () => {
      const place = async (scores: readonly number[]): Promise<void> => {
        await hold(arrivals(scores));
        if (from === 'the set') {
          await built();
        }
      };

      it('numbers 50 50 30 30 10 as 1 1 3 3 5 and 1 1 2 2 3', async () => {
        await place([50, 50, 30, 30, 10]);
        assert.deepEqual(await ranksOf('ordinal'), [1, 2, 3, 4, 5]);
        assert.deepEqual(await ranksOf('competition'), [1, 1, 3, 3, 5]);
        assert.deepEqual(await ranksOf('dense'), [1, 1, 2, 2, 3]);
      });

      it('goes on with the right number on the next page', async () => {
        await place([50, 50, 50, 50, 30, 30, 30, 30, 10, 10]);
        assert.deepEqual(await ranksOf('competition', 3, 3), [1, 5, 5]);
        assert.deepEqual(await ranksOf('dense', 3, 3), [1, 2, 2]);
        assert.deepEqual(await ranksOf('competition', 0, 3), [1, 1, 1]);
      });

      it('puts whoever got to a score earlier above', async () => {
        await place([10, 40, 40, 40]);
        const page = await board.page({ offset: 0 }, 10, 'ordinal');
        assert.deepEqual(
          page?.places.map(({ owner }) => owner),
          ['p01', 'p02', 'p03', 'p00'],
        );
      });

      it('gives a full page around somebody, at both ends too', async () => {
        await place([90, 80, 70, 60, 50, 40, 30]);
        const around = async (owner: string): Promise<number[]> =>
          (await board.page({ around: owner }, 3, 'ordinal'))?.places.map(({ rank }) => rank) ?? [];
        assert.deepEqual(await around('p00'), [1, 2, 3]);
        assert.deepEqual(await around('p03'), [3, 4, 5]);
        assert.deepEqual(await around('p06'), [5, 6, 7]);
        assert.equal(await board.page({ around: 'nobody' }, 3, 'ordinal'), null);
      });
    });
  }

  it('says the same from both, for any scores', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ points: fc.integer({ min: -5, max: 5 }), achievedAt: fc.integer({ min: 0, max: 3 }) }), {
          minLength: 1,
          maxLength: 20,
        }),
        fc.nat(10),
        fc.integer({ min: 1, max: 8 }),
        async (drawn, offset, limit) => {
          await hold(drawn.map((entry, index) => ({ ...entry, _id: `p${index}`, rev: 1 })));
          const truth = await Promise.all(
            (['ordinal', 'competition'] as const).map(async (mode) => await board.page({ offset }, limit, mode)),
          );
          await built();
          for (const [index, mode] of (['ordinal', 'competition'] as const).entries()) {
            const quick = await board.page({ offset }, limit, mode);
            assert.deepEqual(quick?.places, truth[index]?.places);
            assert.equal(quick?.hasMore, truth[index]?.hasMore);
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  it('takes newer scores and leaves older ones that arrive late', async () => {
    const [first, second] = arrivals([10, 20]);
    assert.ok(first && second);
    await hold([first, second]);
    await built();
    const risen = { ...first, points: 30, rev: 3 };
    await Entries.native().replaceOne({ _id: first._id }, risen);
    await board.push([risen]);
    await board.push([{ ...first, points: 15, rev: 2 } as Entry]);
    const page = await board.page({ offset: 0 }, 10, 'ordinal');
    assert.deepEqual(
      page?.places.map(({ owner, score }) => [owner, score]),
      [
        [first._id, 30],
        [second._id, 20],
      ],
    );
  });

  it('is not taken for whole after it was emptied: MongoDB answers, then it is built anew', async () => {
    await hold(arrivals([5, 4, 3]));
    await built();
    await forget();
    await board.push(arrivals([9]));
    assert.deepEqual(await ranksOf('ordinal'), [1, 2, 3]);
    await built();
    assert.deepEqual(await ranksOf('ordinal'), [1, 2, 3]);
  });

  it('is void once an owner vanished, until it is built of the truth', async () => {
    const [first] = arrivals([5]);
    assert.ok(first);
    await hold([first]);
    await built();
    // Committed, and its owner died before it told the set.
    await Entries.native().replaceOne({ _id: first._id }, { ...first, points: 77, rev: 2 });
    await board.onTakeover();
    const page = await board.page({ offset: 0 }, 1, 'ordinal');
    assert.equal(page?.places[0]?.score, 77);
    await eventually(async () => {
      assert.equal((await board.page({ offset: 0 }, 1, 'ordinal'))?.places[0]?.score, 77);
      assert.equal(await sharedClient().get(readyKey), '1');
    });
  });
});
