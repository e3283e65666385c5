// How long a process that serves waits for one command of MongoDB.
import assert from 'node:assert/strict';
import mongoose from 'mongoose';
import { connect, disconnect } from '#src/connections.ts';

describe('the connection of a process that serves', () => {
  before(async () => await connect());
  after(async () => {
    await mongoose.connection.dropDatabase();
    await disconnect();
  });

  it('is given up when a command goes without an answer for ten seconds', async () => {
    // It would be answered after fifteen.
    const command = { sleep: 1, lock: 'none', millis: 15_000 };
    await assert.rejects(async () => await mongoose.connection.getClient().db('admin').command(command), {
      name: 'MongoNetworkTimeoutError',
    });
  });
});
