// Machines made of machines and effects while the processes that run them are killed: everything begins and ends once.
import assert from 'node:assert/strict';
import { eventually } from '../support/eventually.ts';
import { call } from '../support/fleet.ts';
import { checkInvariants, settled } from '../support/invariants.ts';
import { showLogs, startSystem, type System } from '../support/system.ts';

const orders = 80;
const who = { type: 'object', properties: { who: { type: 'string' } }, required: ['who'] };
const about = { input: who, context: { who: { $cel: 'input.who' } }, owner: { $cel: 'context.who' } };
const grant = (reason: string) => ({ userId: { $cel: 'context.who' }, amount: 1, reason });

/** Grants as an effect it waits for, and is done. */
const part = {
  ...about,
  initial: 'granting',
  states: {
    granting: { invoke: { src: 'effect:grant-xp', id: 'xp', input: grant('part'), onDone: 'over', onError: 'failed' } },
    failed: { after: { P1D: 'over' } },
    over: { type: 'final' },
  },
};

/** Two parts at once, then a grant of its own. */
const whole = {
  ...about,
  initial: 'parts',
  states: {
    parts: {
      type: 'parallel',
      states: Object.fromEntries(
        ['left', 'right'].map((side) => [
          side,
          {
            initial: 'open',
            states: {
              open: { invoke: { src: 'part', id: side, input: { who: { $cel: 'context.who' } }, onDone: 'over' } },
              over: { type: 'final' },
            },
          },
        ]),
      ),
      onDone: 'all',
    },
    all: { entry: { type: 'grant-xp', params: grant('whole') }, type: 'final' },
  },
};

describe('machines whose owners are killed', function () {
  this.timeout(60_000);
  let system: System;

  before(async () => {
    system = await startSystem({ people: 4 });
  });
  after(async () => {
    await system?.stop();
  });
  afterEach(function () {
    showLogs(this, system);
  });

  const post = async (path: string, body: object): Promise<void> => {
    const headers = { Prefer: 'respond-async' };
    const reply = await call(system.url(0), 'POST', `/api/state-machines/${path}`, {
      token: system.token,
      body,
      headers,
    });
    assert.ok([201, 202].includes(reply.status), JSON.stringify(reply.body));
  };
  const count = async (collection: string, filter: object): Promise<number> =>
    await system.db.collection(collection).countDocuments(filter);

  it('begin and end each child and each effect once', async () => {
    for (const [type, definition] of Object.entries({ part, whole })) {
      await post('definitions', { type, definition });
      await eventually(async () => assert.equal(await count('machine_types', { _id: type as never }), 1), 10_000);
    }
    const all = Array.from({ length: orders }, (_, nth) => nth);
    await Promise.all(
      all.map(
        async (nth) => await post('create', { type: 'whole', id: `o${nth}`, input: { who: system.people[nth % 4] } }),
      ),
    );
    // While some are done and others are not, two of the three that do the work go at once.
    await eventually(async () => assert.ok((await count('machine_instances', { status: 'done' })) > 0), 15_000, 5);
    await Promise.all([0, 1].map(async (index) => await system.fleet.restartWorker(index)));
    await eventually(
      async () => assert.equal(await count('machine_instances', { type: 'whole', status: 'done' }), orders),
      30_000,
    );
    await settled(system.db);
    assert.equal(await count('machine_instances', { type: 'part', status: 'done' }), orders * 2);
    assert.equal(await count('xp_ledger', { reason: 'part' }), orders * 2);
    assert.equal(await count('xp_ledger', { reason: 'whole' }), orders);
    const told = { kind: 'state-machine.child.end' };
    // One for each effect and one for each part; none came in vain.
    assert.equal(await count('work', told), orders * 4);
    assert.equal(await count('work', { ...told, 'result.outcome': 'taken' }), orders * 4);
    assert.equal(await count('dead_letters', {}), 0);
    await checkInvariants(system.db, { acknowledged: [] });
  });
});
