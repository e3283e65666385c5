// Any mix of good, refused, repeated and poisonous commands in any batching leaves the same rows as one at a time.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import mongoose from 'mongoose';
import { pools } from '#config/pools.ts';
import { DeadLetters, Work } from '#src/platform/commands/work.ts';
import { connectMongo } from '#src/platform/mongo/connect.ts';
import { migrate } from '#src/platform/mongo/migrate.ts';
import { rowsOf, run, someAct, Tallies, type Act } from '../../support/tally.ts';

describe('committer', function () {
  this.timeout(120_000);

  before(async () => {
    await connectMongo();
    await mongoose.connection.dropDatabase();
    await migrate();
  });

  after(async () => {
    await mongoose.connection.dropDatabase();
    await mongoose.disconnect();
  });

  it('leaves the same rows in any batching as one at a time', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(someAct, { minLength: 1, maxLength: 24 }),
        fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 4 }),
        async (acts, sizes) => {
          const rows = rowsOf(acts);
          const oneByOne = await run(rows, [1], [false]);
          assert.deepEqual(await run(rows, sizes, [false]), oneByOne);
        },
      ),
      { numRuns: 25 },
    );
  });

  it('does nothing more for a batch that is delivered twice', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          someAct.filter(({ how }) => how === 'good' || how === 'refused'),
          { minLength: 1, maxLength: 16 },
        ),
        fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 4 }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 4 }),
        async (acts, sizes, again) => {
          const rows = rowsOf(acts);
          assert.deepEqual(await run(rows, sizes, again), await run(rows, [rows.length], [false]));
        },
      ),
      { numRuns: 15 },
    );
  });

  it('finds the one command whose document MongoDB refuses and does the others', async () => {
    const acts = Array.from({ length: 7 }, (_, index): Act => ({
      who: 'ada',
      amount: 1,
      how: index === 3 ? 'oversized' : 'good',
    }));
    const rows = rowsOf(acts);
    await run(rows, [7], [false]);
    const states = await Work.native()
      .find({}, { sort: { _id: 1 } })
      .toArray();
    assert.deepEqual(
      states.map(({ state }) => state),
      ['done', 'done', 'done', 'dead', 'done', 'done', 'done'],
    );
    assert.equal((await Tallies.native().findOne({ _id: 'ada' }))?.sum, 6);
    assert.equal((await DeadLetters.native().findOne({}))?.attempts, pools.gamification.maxAttempts);
  });

  it('reads in parts what MongoDB cannot read in time at once, and counts no attempt for it', async () => {
    const rows = rowsOf(Array.from({ length: 9 }, (): Act => ({ who: 'ada', amount: 1, how: 'slow' })));
    const { work, dead, tallies } = await run(rows, [9], [false]);
    assert.deepEqual([...new Set(work.map(({ state, attempts }) => `${state} ${attempts}`))], ['done 0']);
    assert.deepEqual([dead, tallies.map(({ sum }) => sum)], [[], [9]]);
  });
});
