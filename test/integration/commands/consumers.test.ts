// The consumers of an owner's queues: they take jobs in every life of the process's connections.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { workOwner } from '#src/platform/commands/drain-work.ts';
import { producerOf } from '#src/platform/commands/queues.ts';
import { eventually } from '../../support/eventually.ts';
import { startServer } from '../../support/http.ts';

describe('the consumers of an owner', function () {
  this.timeout(30_000);

  it('take jobs when all connections were closed and opened again, as between two files of tests', async () => {
    for (const life of ['first', 'second']) {
      const server = await startServer([]);
      const owner = workOwner(server.registry, 'gamification');
      owner.start();
      try {
        const job = await producerOf('gamification.0')?.add(life, { rows: ['never-was'], requestIds: [] });
        await eventually(async () => assert.equal(await job?.getState(), 'completed', life));
      } finally {
        await owner.stop();
        await server.close();
      }
    }
  });
});
