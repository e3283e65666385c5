// How long the oldest row of a pool has waited: the time in which it could have been done and was not.
import assert from 'node:assert/strict';
import { z } from 'zod';
import type { Owner } from '#src/platform/commands/owner.ts';
import { operations } from '#src/platform/commands/operations.ts';
import { poolStates } from '#src/platform/commands/pool-states.ts';
import { DeadLetters, Owners, Work, type WorkRow } from '#src/platform/commands/work.ts';
import { defineEffect, type EffectDefinition } from '#src/platform/effects/effect.ts';
import { newId } from '#src/platform/ids.ts';
import { authService } from '#src/services/auth/index.ts';
import { userService } from '#src/services/user/index.ts';
import { effectsWorker } from '#workers/effects.worker.ts';
import { logInAdmin } from '../../support/accounts.ts';
import { effectRow, reach } from '../../support/effects.ts';
import { eventually } from '../../support/eventually.ts';
import { startServer, type TestServer } from '../../support/http.ts';
import { workRowOf } from '../../support/rows.ts';

const second = 1_000;
const hour = 3_600 * second;
const ago = (ms: number): Date => new Date(Date.now() - ms);

describe('the wait of the oldest row', function () {
  this.timeout(30_000);
  let server: TestServer;
  let owner: Owner | undefined;
  let open: (() => void)[] = [];
  let begun = 0;
  const probe = defineEffect({
    kind: 'probe.open',
    pool: 'effects',
    input: z.strictObject({ lane: z.string() }),
    timeoutMs: 20_000,
    lane: ({ lane }) => lane,
    perform: async () => await new Promise<void>((resolve) => open.push(resolve)),
  }) as unknown as EffectDefinition;

  before(async () => {
    server = await startServer([userService, authService, operations, { name: 'probe', effects: [probe] }]);
  });
  beforeEach(async () => {
    open = [];
    begun = Date.now();
    await Work.native().deleteMany({ state: 'new' });
  });
  afterEach(async () => {
    open.forEach((end) => end());
    await owner?.stop();
    owner = undefined;
  });
  after(async () => await server.close());

  const commandRow = (fields: Partial<WorkRow>): WorkRow => ({
    ...workRowOf({ kind: 'probe.command', key: `user.${newId()}`, input: {} }),
    ...fields,
  });
  const effect = (fields: Partial<WorkRow>, lane = newId()): WorkRow => ({
    ...effectRow(server.registry, probe.kind, { lane }),
    ...fields,
  });
  const oldest = async (pool: 'gamification' | 'effects'): Promise<number> => (await poolStates())[pool].oldestWaitMs;
  /** That much, and what went by since the test began. */
  const around = (ms: number, expected: number): void =>
    assert.ok(ms >= expected && ms <= expected + Date.now() - begun, `${ms} ms, and not about ${expected}`);

  it('counts from when a row was accepted, or from when it was due where that came later', async () => {
    const put = async (...rows: WorkRow[]): Promise<void> => {
      await Work.native().deleteMany({ state: 'new' });
      await Work.native().insertMany(rows);
    };
    await put(commandRow({ acceptedAt: ago(hour) }));
    around(await oldest('gamification'), hour);
    await put(commandRow({ acceptedAt: ago(hour), notBefore: ago(20 * second), attempts: 1 }));
    around(await oldest('gamification'), 20 * second);
    await put(commandRow({ acceptedAt: ago(30 * second), notBefore: ago(hour) }));
    around(await oldest('gamification'), 30 * second);
    await put(commandRow({ acceptedAt: ago(hour), notBefore: new Date(Date.now() + hour) }));
    assert.equal(await oldest('gamification'), 0);
  });

  it('is that of whoever waited longest, not of whoever was accepted first', async () => {
    const putOff = commandRow({ acceptedAt: ago(hour), notBefore: ago(5 * second) });
    const later = commandRow({ acceptedAt: ago(60 * second) });
    await Work.native().insertMany([putOff, later]);
    around(await oldest('gamification'), 60 * second);
  });

  it('does not count an effect that is under way, nor what follows it in its lane', async () => {
    const retried = { acceptedAt: ago(hour), notBefore: ago(30 * second), attempts: 3 };
    const [under, behind] = [effect(retried, 'one'), effect({ acceptedAt: ago(hour) }, 'one')];
    await Work.native().insertMany([under, behind]);
    around(await oldest('effects'), hour);
    owner = effectsWorker(server.registry);
    owner.start();
    await eventually(() => assert.equal(open.length, 1));
    assert.equal(await oldest('effects'), 0);
    open[0]?.();
    await eventually(() => assert.equal(open.length, 2));
    assert.equal(await oldest('effects'), 0);
    open[1]?.();
    await reach([under, behind], ['done', 'done']);
  });

  it('counts what a dead owner had taken', async () => {
    const row = effect({ acceptedAt: ago(40 * second) });
    await Work.native().insertOne(row);
    const tenure = { pool: 'effects', node: 'n', session: null, taken: [row._id], commits: 0 };
    await Owners.native().insertOne({ ...tenure, _id: `effects.${newId()}`, leaseUntil: ago(second) });
    around(await oldest('effects'), 40 * second);
    await Owners.native().deleteMany({ node: 'n' });
  });

  it('counts what was redriven from its redrive', async () => {
    const row = effect({ acceptedAt: ago(hour), state: 'dead' });
    await Work.native().insertOne(row);
    const { _id, kind, shard, key, requestId, acceptedAt } = row;
    const letter = { _id, kind, shard, key, requestId, acceptedAt, error: 'e', attempts: 3, deadAt: ago(hour) };
    await DeadLetters.native().insertOne({ ...letter, redrives: 0, redrivenAt: null });
    const { accessToken: token } = await logInAdmin(server);
    await server.call('POST', '/api/dead-letters/redrive', { token, body: { ids: [_id] } });
    assert.equal((await Work.native().findOne({ _id }))?.state, 'new');
    around(await oldest('effects'), 0);
  });
});
