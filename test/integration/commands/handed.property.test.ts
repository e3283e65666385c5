// Rows that are handed to their owner before they are written end as they would have ended written first.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import mongoose from 'mongoose';
import { Committer } from '#src/platform/commands/committer.ts';
import type { Settlement } from '#src/platform/commands/plan.ts';
import { Tenure } from '#src/platform/commands/tenure.ts';
import { Work, type WorkRow } from '#src/platform/commands/work.ts';
import { newId } from '#src/platform/ids.ts';
import { connectMongo } from '#src/platform/mongo/connect.ts';
import { migrate } from '#src/platform/mongo/migrate.ts';
import { clean, ends, registry, rowsOf, run, runHanded, someAct, Tallies, type Way } from '../../support/tally.ts';

describe('rows that are handed over', function () {
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

  it('leaves the same rows when some are handed over before they are written', async () => {
    const goodOrRefused = someAct.filter(({ how }) => how === 'good' || how === 'refused');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof({ weight: 6, arbitrary: goodOrRefused }, { weight: 1, arbitrary: someAct }), {
          minLength: 1,
          maxLength: 20,
        }),
        fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 4 }),
        fc.array(fc.constantFrom<Way>('written', 'handed', 'handed and written', 'handed twice'), {
          minLength: 1,
          maxLength: 5,
        }),
        async (acts, sizes, ways) => {
          const rows = rowsOf(acts);
          // A row that fails is tried again after the others of its batch: sums on the way may differ, what is left not.
          assert.deepEqual(await runHanded(rows, sizes, ways), ends(await run(rows, [1], [false])));
        },
      ),
      { numRuns: 25 },
    );
  });

  it('answers a repeat that was handed over by the first row under its key, and writes nothing for it', async () => {
    await clean();
    const [first, other] = rowsOf([
      { who: 'ada', amount: 1, how: 'good' },
      { who: 'ada', amount: 1, how: 'good' },
    ]);
    assert.ok(first && other && first.idempotencyKey !== undefined);
    const repeat: WorkRow = { ...other, idempotencyKey: first.idempotencyKey };
    const differs: WorkRow = { ...repeat, _id: newId(), requestHash: 'another' };
    const settled: Settlement[] = [];
    const committer = new Committer(registry, 'gamification', ({ settlements }) => settled.push(...settlements));
    const tenure = await Tenure.begin('gamification');
    for (const row of [first, repeat, differs]) {
      await committer.commit(tenure, [row], new Set([row._id]));
    }
    await tenure.end();
    assert.deepEqual(
      settled.map(({ row, state, result, problem, replayed }) => [row._id, state, result, problem?.code, replayed]),
      [
        [first._id, 'done', { sum: 1, steps: 1 }, undefined, undefined],
        [repeat._id, 'done', { sum: 1, steps: 1 }, undefined, true],
        [differs._id, 'refused', undefined, 'idempotency.body-differs', undefined],
      ],
    );
    assert.equal(await Work.native().countDocuments({}), 1);
    assert.equal((await Tallies.native().findOne({ _id: 'ada' }))?.sum, 1);
  });
});
