// What the board reads of queues for people who look: what they ask for is parsed, and no page is larger than it may be.
import assert from 'node:assert/strict';
import { z } from 'zod';
import { startBoard, type BoardServer } from '../../support/board.ts';

const api = '/admin/queues/api/queues';
const queue = 'machines.5';
const jobs = 130;

const shown = z.object({ queues: z.array(z.object({ name: z.string(), jobs: z.array(z.unknown()) })) });

describe('reading the board', function () {
  this.timeout(20_000);
  let board: BoardServer;
  let cookie: string;

  before(async () => {
    board = await startBoard();
    cookie = await board.logIn(await board.person('auditor'));
    const found = board.queues.find(({ name }) => name === queue);
    await found?.addBulk(
      Array.from({ length: jobs }, () => ({ name: 'machine.event × 1', data: { rows: ['r'], requestIds: [] } })),
    );
  });
  after(async () => await board.close());

  const jobsOf = async (query: string): Promise<number> => {
    const { status, text } = await board.script('GET', `${api}?activeQueue=${queue}&${query}`, { cookie });
    assert.equal(status, 200, text);
    return shown.parse(JSON.parse(text)).queues.find(({ name }) => name === queue)?.jobs.length ?? 0;
  };

  it('gives a page of the size that is asked for, up to a hundred', async () => {
    assert.equal(await jobsOf('status=latest&page=1'), 10);
    assert.equal(await jobsOf('status=waiting&page=1&jobsPerPage=50'), 50);
    assert.equal(await jobsOf('status=waiting&page=2&jobsPerPage=100'), jobs - 100);
  });

  for (const query of [
    'jobsPerPage=101',
    'jobsPerPage=1000000',
    'jobsPerPage=10&jobsPerPage=1000000',
    'jobsPerPage=0',
    'jobsPerPage=many',
    'page=1000000000',
    'page=1.5',
    'status=waiting&status=active',
    'activeQueue=%25E0',
    'unknown=1',
  ]) {
    it(`refuses ${query}`, async () => {
      const { status, text } = await board.script('GET', `${api}?${query}`, { cookie });
      assert.equal(status, 422, text);
      assert.match((JSON.parse(text) as { error: string }).error, /The query .* cannot be read/u);
    });
  }

  it('takes what the board asks of schedules and of a job’s family', async () => {
    const ask = async (path: string): Promise<number> =>
      (await board.script('GET', `/admin/queues/api/${path}`, { cookie })).status;
    assert.equal(await ask(`job-schedulers?queueName=${queue}`), 200);
    assert.equal(await ask(`queues/${queue}/1/flow?root=node&depth=3&maxChildren=20`), 200);
    assert.equal(await ask(`queues/${queue}/1/flow?depth=deep`), 422);
  });
});
