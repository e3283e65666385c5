// The PostgreSQL that `npm run bench:queue` compares with: where it cannot be had, one sentence says so and the run goes on.
import assert from 'node:assert/strict';
import { startPostgres } from '../../../bench/queue/postgres.ts';

const folder = '/nowhere';

describe('the PostgreSQL of the benchmark of queues', () => {
  for (const missing of ['initdb', 'postgres', 'psql']) {
    it(`is left out with a sentence where there is no ${missing}`, async () => {
      const started = await startPostgres((program) => (program === missing ? undefined : `${folder}/${program}`));
      assert.equal(
        started,
        'PostgreSQL is not installed here, so its queues are left out: put initdb, postgres and psql on the PATH',
      );
    });
  }

  it('is left out with a sentence where it does not start', async () => {
    const started = await startPostgres((program) => `${folder}/${program}`);
    assert.ok(typeof started === 'string');
    assert.match(started, /^PostgreSQL did not start, so its queues are left out: .*ENOENT/u);
  });
});
