// A batch's state by another member than the id: what MongoDB holds, with the batch's own writes on top.
import assert from 'node:assert/strict';
import mongoose from 'mongoose';
import { insert, put } from '#src/platform/commands/command.ts';
import { Overlay } from '#src/platform/commands/overlay.ts';
import { defineCollection } from '#src/platform/mongo/collection.ts';
import { connectMongo } from '#src/platform/mongo/connect.ts';

interface Tagged {
  readonly _id: string;
  readonly tag: string;
}

const TaggedRows = defineCollection<Tagged>('tagged_rows', { tag: String }, [{ key: { tag: 1 }, unique: true }]);

describe('a batch that reads by another member', () => {
  before(async () => {
    await connectMongo();
    await TaggedRows.native().deleteMany({});
    await TaggedRows.native().insertOne({ _id: '1', tag: 'a' });
  });
  after(async () => {
    await mongoose.connection.dropDatabase();
    await mongoose.disconnect();
  });

  it('finds what is there and what the commands before it wrote, and not what they changed away', async () => {
    const overlay = new Overlay();
    assert.throws(() => overlay.getBy(TaggedRows, 'tag', 'a'), /looked up/u);
    await overlay.readBy(TaggedRows, 'tag', ['a', 'b', 'a']);
    assert.equal(overlay.getBy(TaggedRows, 'tag', 'a')?._id, '1');
    assert.equal(overlay.get(TaggedRows, '1')?.tag, 'a');
    assert.equal(overlay.getBy(TaggedRows, 'tag', 'b'), null);
    overlay.apply([insert(TaggedRows, { _id: '2', tag: 'b' }), put(TaggedRows, { _id: '1', tag: 'c' })]);
    assert.equal(overlay.getBy(TaggedRows, 'tag', 'b')?._id, '2');
    assert.equal(overlay.getBy(TaggedRows, 'tag', 'a'), null);
    assert.equal(overlay.getBy(TaggedRows, 'tag', 'c')?._id, '1');
  });
});
