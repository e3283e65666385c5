// Timers of machines that are armed while Redis is emptied and every worker is gone: each goes off once, in the order they
// were due, when somebody is there again.
import assert from 'node:assert/strict';
import type { WorkRow } from '#src/platform/commands/work.ts';
import { timerFireKind } from '#src/platform/machines/timers.ts';
import { eventually } from '../support/eventually.ts';
import { call } from '../support/fleet.ts';
import { showLogs, startSystem, type System } from '../support/system.ts';

const alarm = {
  initial: 'set',
  input: { type: 'object', properties: { ms: { type: 'integer', minimum: 1, maximum: 60_000 } }, required: ['ms'] },
  context: { ms: { $cel: 'input.ms' } },
  access: { create: ['operator'], read: ['operator'] },
  events: { PUT_OFF: { from: ['operator'] } },
  states: {
    set: {
      after: [{ delay: { $cel: 'context.ms' }, target: 'rung' }],
      // Entered anew, so that another timer takes the place of the one that is armed.
      on: { PUT_OFF: { target: 'set', reenter: true } },
    },
    rung: { type: 'final' },
  },
};

const alarms = 30;
/** Not in the order they are made in, and all of them while nobody is there. */
const delays = Array.from({ length: alarms }, (_, index) => 4_000 + ((index * 7) % alarms) * 50);

describe('timers of machines', function () {
  this.timeout(60_000);
  let system: System;
  before(async () => {
    system = await startSystem({ people: 0, apis: 1, workers: 1 });
  });
  after(async () => {
    await system?.stop();
  });
  afterEach(function () {
    showLogs(this, system);
  });

  const post = async (path: string, body: unknown, status: number): Promise<void> => {
    const { token } = system;
    const reply = await call(system.url(0), 'POST', `/api/state-machines/${path}`, { token, body });
    assert.equal(reply.status, status, JSON.stringify(reply.body));
  };
  const mine = { instance: /^alarm\./u };

  it('outlive an emptied Redis and a time without workers, and go off once, in order', async () => {
    await post('definitions', { type: 'alarm', definition: alarm }, 201);
    await Promise.all(
      delays.map(async (ms, index) => await post('create', { type: 'alarm', id: `a${index}`, input: { ms } }, 201)),
    );
    // One of them rings later than all others, and not at its first time.
    await post('alarm/a0/event', { type: 'PUT_OFF' }, 200);
    await system.servers.flushRedis();
    const [worker] = system.fleet.workers;
    assert.ok(worker);
    await system.fleet.kill(worker.child);
    const timers = system.db.collection<{ _id: string; dueAt: Date; state: string }>('timers');
    const armed = await timers
      .find({ ...mine, state: 'armed' })
      .sort({ dueAt: 1 })
      .toArray();
    assert.equal(armed.length, alarms, 'some went off before nobody was there');
    const last = armed.at(-1)?.dueAt.getTime() ?? 0;
    await eventually(() => assert.ok(Date.now() > last), 15_000, 100);
    assert.equal(await timers.countDocuments({ ...mine, state: 'fired' }), 0);
    await system.fleet.restartWorker(0);
    await eventually(
      async () => assert.equal(await timers.countDocuments({ ...mine, state: 'fired' }), alarms),
      20_000,
    );
    const rows = await system.db
      .collection<WorkRow>('work')
      .find({ kind: timerFireKind, key: /^alarm\./u })
      .sort({ _id: 1 })
      .toArray();
    assert.deepEqual(
      rows.map(({ input }) => (input as { timerId: string }).timerId),
      armed.map(({ _id }) => _id),
      'they went off in another order',
    );
    const steps = await system.db
      .collection('transitions')
      .aggregate([{ $match: { ...mine, eventId: /^t\./u } }, { $group: { _id: '$instance', count: { $sum: 1 } } }])
      .toArray();
    assert.deepEqual(new Set(steps.map((step) => step['count'] as number)), new Set([1]));
    assert.equal(steps.length, alarms);
    assert.equal(await timers.countDocuments({ ...mine, state: 'cancelled' }), 1, 'the time that was put off');
  });
});
