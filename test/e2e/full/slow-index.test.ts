// The first start of a version whose new index takes longer to make than any request may take.
import assert from 'node:assert/strict';
import { mongo } from 'mongoose';
import { withDatabase } from '#src/platform/embedded/mongod.ts';
import { slowDown } from '../../support/faults.ts';
import { startFleet } from '../../support/fleet.ts';
import { startTestServers } from '../../support/servers.ts';

describe('a process that starts on a large database', function () {
  this.timeout(240_000);

  it('waits for an index that takes longer than a request may', async () => {
    const sound = await startTestServers();
    const servers = { ...sound, mongoUrl: withDatabase(sound.mongoUrl, 'large') };
    const client = await mongo.MongoClient.connect(servers.mongoUrl);
    const slow = { commands: ['createIndexes'], collection: 'events', ms: 11_000, of: 'smartstart-brain' };
    await slowDown(client.db(), slow);
    try {
      const fleet = await startFleet({ servers, apis: 1, workers: 0 });
      await fleet.stop();
      assert.ok((await client.db().collection('events').indexes()).length > 1);
    } finally {
      await client.close();
      await sound.stop();
    }
  });
});
