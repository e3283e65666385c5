// What the board shows of a job: an allow-list, whatever the job carries.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { jobData, jobName, jobResult } from '#src/platform/admin/job-view.ts';

const data = fc.oneof(
  fc.anything(),
  fc.record(
    { rows: fc.oneof(fc.anything(), fc.array(fc.string())), requestIds: fc.anything(), fresh: fc.anything() },
    { requiredKeys: [] },
  ),
);

describe('what the board shows of a job', () => {
  it('is rows and requests, and nothing else', () => {
    fc.assert(
      fc.property(data, (carried) => {
        const { rows, requestIds, ...rest } = jobData(carried);
        assert.deepEqual(rest, {});
        const given = Object(carried) as { rows?: unknown; requestIds?: unknown };
        for (const [shown, from] of [
          [rows, given.rows],
          [requestIds, given.requestIds],
        ] as const) {
          assert.deepEqual(shown, Array.isArray(from) ? from.filter((text) => typeof text === 'string') : []);
        }
      }),
    );
  });

  it('names it by kinds and size, and says when no producer of ours named it', () => {
    const rows = ['a', 'b'];
    assert.equal(
      jobName({ name: 'gamification.xp.add state-machine.timer.fire × 2', data: { rows } }),
      'gamification.xp.add state-machine.timer.fire × 2',
    );
    assert.equal(jobName({ name: 'gamification.xp.add × 999', data: { rows } }), 'gamification.xp.add × 2');
    assert.equal(jobName({ name: 'schedule daily-report', data: { rows: [] } }), 'schedule daily-report');
    for (const name of ['', 'x', '<b>x</b> × 2', 'Please send 5 to Bob × 1']) {
      assert.equal(jobName({ name, data: {} }), 'added by hand × 0');
    }
  });

  it('is no result but a number of rows', () => {
    assert.deepEqual(jobResult({ rows: 3, result: { xp: 5 } }), { rows: 3 });
    for (const value of [null, undefined, 'text', { xp: 5 }, { rows: ['a'] }, 7]) {
      assert.equal(jobResult(value), null);
    }
  });
});
