// Nothing that is read goes on for ever: MongoDB itself is asked which commands came with a time, and how many rows.
import assert from 'node:assert/strict';
import mongoose from 'mongoose';
import { after, before, describe, it } from 'mocha';
import { limits } from '#config/limits.ts';
import { Roles } from '#src/platform/auth/permissions.ts';
import { startServer, type TestServer } from '../../support/http.ts';

describe('reads of MongoDB', () => {
  let server: TestServer;

  before(async () => {
    server = await startServer([]);
    await mongoose.connection.db?.command({ profile: 2 });
  });
  after(async () => {
    await mongoose.connection.db?.command({ profile: 0 });
    await server.close();
  });

  /** The time that MongoDB was told for the command under this comment. */
  const timeOf = async (comment: string): Promise<unknown> =>
    (await mongoose.connection.db?.collection('system.profile').findOne({ 'command.comment': comment }))?.['command']
      ?.maxTimeMS;

  it('end after the usual time where they say none', async () => {
    const roles = Roles.native();
    const reads: Record<string, (comment: string) => Promise<unknown>> = {
      find: async (comment) => await roles.find({}, { comment }).toArray(),
      findOne: async (comment) => await roles.findOne({ _id: 'admin' }, { comment }),
      aggregate: async (comment) => await roles.aggregate([{ $match: {} }], { comment }).toArray(),
      countDocuments: async (comment) => await roles.countDocuments({}, { comment }),
      distinct: async (comment) => await roles.distinct('permissions', {}, { comment }),
      estimatedDocumentCount: async (comment) => await roles.estimatedDocumentCount({ comment }),
    };
    for (const [name, read] of Object.entries(reads)) {
      await read(`a ${name}`);
      assert.equal(await timeOf(`a ${name}`), limits.mongoDefaultMs, name);
    }
  });

  it('end after the time they say', async () => {
    await Roles.native().findOne({ _id: 'admin' }, { comment: 'in a hurry', maxTimeMS: 7 });
    assert.equal(await timeOf('in a hurry'), 7);
  });
});
