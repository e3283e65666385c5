// What an owner remembers of what it committed: the next batch builds on it without a read, until somebody else may have
// written. Seen by changing documents behind the owner's back, which nobody does but these tests.
import assert from 'node:assert/strict';
import mongoose from 'mongoose';
import { Committer } from '#src/platform/commands/committer.ts';
import { Tenure } from '#src/platform/commands/tenure.ts';
import { connectMongo } from '#src/platform/mongo/connect.ts';
import { migrate } from '#src/platform/mongo/migrate.ts';
import { clean, registry, rowsOf, Tallies, type Act } from '../../support/tally.ts';

describe('what an owner remembers', function () {
  this.timeout(60_000);

  let tenure: Tenure;
  let committer: Committer;

  before(async () => {
    await connectMongo();
    await mongoose.connection.dropDatabase();
    await migrate();
  });

  beforeEach(async () => {
    await clean();
    tenure = await Tenure.begin('gamification');
    committer = new Committer(registry, 'gamification', () => undefined);
    await add(5);
  });

  afterEach(async () => await tenure.end());

  after(async () => {
    await mongoose.connection.dropDatabase();
    await mongoose.disconnect();
  });

  async function add(amount: number, how: Act['how'] = 'good'): Promise<void> {
    const rows = rowsOf([{ who: 'ada', amount, how }]).map((row) => ({ ...row, idempotencyKey: row._id }));
    await committer.commit(tenure, rows, new Set(rows.map(({ _id }) => _id)));
  }

  const behind = async (sum: number): Promise<void> =>
    void (await Tallies.native().updateOne({ _id: 'ada' }, { $set: { sum } }));
  const sum = async (): Promise<number | undefined> => (await Tallies.native().findOne({ _id: 'ada' }))?.sum;

  it('is what its next batch builds on', async () => {
    await behind(100);
    await add(1);
    assert.equal(await sum(), 6);
  });

  it('is written as what changed, so that the rest is left as it is', async () => {
    await Tallies.native().updateOne({ _id: 'ada' }, { $set: { other: 'left alone' } });
    await add(1);
    const row = await Tallies.native().findOne({ _id: 'ada' });
    assert.deepEqual(row, { _id: 'ada', sum: 6, steps: 2, rev: 2, other: 'left alone' });
  });

  it('is forgotten with its tenure', async () => {
    await behind(100);
    await tenure.end();
    tenure = await Tenure.begin('gamification');
    await add(1);
    assert.equal(await sum(), 101);
  });

  it('is forgotten when its shards change', async () => {
    await behind(100);
    committer.forget();
    await add(1);
    assert.equal(await sum(), 101);
  });

  it('is forgotten after a batch that could not be written', async () => {
    await behind(100);
    await add(1, 'duplicate');
    await add(1);
    assert.equal(await sum(), 101);
  });

  it('is read anew where the document is gone', async () => {
    await Tallies.native().deleteOne({ _id: 'ada' });
    await add(1);
    assert.equal(await sum(), 1);
  });
});
