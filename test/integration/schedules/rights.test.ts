// What a schedule does it does as the product itself: whoever sets it must be allowed to do that by themselves.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { operations } from '#src/platform/commands/operations.ts';
import type { Owner } from '#src/platform/commands/owner.ts';
import { Work } from '#src/platform/commands/work.ts';
import { newId } from '#src/platform/ids.ts';
import { Schedules } from '#src/platform/schedules/schedule.ts';
import { schedulesOver } from '#src/platform/schedules/service.ts';
import { stateMachineService } from '#src/services/state-machine/index.ts';
import { operationsWorker } from '#workers/operations.worker.ts';
import { registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { Definer } from '../../support/definer.ts';
import { eventually } from '../../support/eventually.ts';
import { problemOf, type Reply } from '../../support/http.ts';
import { assertPartly } from '../../support/partly.ts';

const send = 'state-machine.event.send';
const create = 'state-machine.instance.create';
const yearly = { cron: '0 0 1 1 *', enabled: true };

/** Nobody may see or move it but those who may operate any machine. */
const lamp = {
  input: { type: 'object', properties: {} },
  context: {},
  access: { create: ['operator'], read: ['operator'] },
  events: { TURN: { from: ['operator'] } },
  initial: 'off',
  states: { off: { on: { TURN: 'on' } }, on: { on: { TURN: 'off' } } },
};

describe('rights of schedules', function () {
  this.timeout(20_000);
  let definer: Definer;
  let owner: Owner;
  /** May set schedules, and nothing of machines. */
  let clerk: LoggedIn;

  before(async () => {
    definer = await Definer.start([operations, schedulesOver([stateMachineService])]);
    owner = operationsWorker(definer.server.registry);
    owner.start();
    await definer.registered('lamp', lamp);
    clerk = await registerSomebody(definer.server, 'Clerk');
    await definer.call('POST', '/api/roles', { name: 'clerk', permissions: ['schedule.read', 'schedule.write'] });
    assert.equal((await roles('user', 'clerk')).status, 200);
  });
  after(async () => {
    await owner.stop();
    await definer.stop();
  });

  const roles = async (...names: readonly string[]): Promise<Reply> =>
    await definer.call('PUT', `/api/users/${clerk.user.id}/roles`, { roles: names });
  const put = async (name: string, body: object, by: LoggedIn): Promise<Reply> =>
    await definer.call('PUT', `/api/schedules/${name}`, { ...yearly, ...body }, by);
  const run = async (name: string, by: LoggedIn): Promise<Reply> =>
    await definer.call('POST', `/api/schedules/${name}/run`, undefined, by);
  const named = (): string => `own-${newId()}`;
  const lit = async (): Promise<string> => {
    const id = newId();
    await definer.create('lamp', id, {});
    return id;
  };
  const turn = (id: string) => ({ kind: send, input: { type: 'lamp', id, event: { type: 'TURN' } } });

  it('are those of what they do: who may not operate machines saves and runs no schedule that does', async () => {
    const id = await lit();
    assert.equal((await definer.send('lamp', id, { type: 'TURN' }, clerk)).status, 404);
    const name = named();
    for (const body of [turn(id), { kind: create, input: { type: 'lamp', id: newId(), input: {} } }]) {
      const refused = await put(name, body, clerk);
      assert.deepEqual([refused.status, problemOf(refused).code], [403, 'auth.forbidden']);
      assert.match(problemOf(refused).detail, /machine\.operate/u);
    }
    assert.equal(await Schedules.native().countDocuments({ _id: name }), 0);
    assert.equal((await put(name, turn(id), definer.admin)).status, 201);
    const changed = await put(name, { ...turn(id), cron: '* * * * * *' }, clerk);
    assert.equal(changed.status, 403, 'nor when it is due');
    const asked = await run(name, clerk);
    assert.deepEqual([asked.status, problemOf(asked).code], [403, 'auth.forbidden']);
    assertPartly(await definer.state('lamp', id), { seq: 0, value: 'off' });
    assert.equal((await definer.call('DELETE', `/api/schedules/${name}`, undefined, clerk)).status, 200);
  });

  it('are had by whoever has both, and ask for no more than what is done', async () => {
    const id = await lit();
    const beat = named();
    assert.equal((await put(beat, { kind: 'operations.heartbeat' }, clerk)).status, 201);
    assert.equal((await run(beat, clerk)).status, 201);
    await roles('user', 'clerk', 'service');
    const name = named();
    assert.equal((await put(name, turn(id), clerk)).status, 201);
    assert.equal((await run(name, clerk)).status, 201);
    await eventually(async () => assertPartly(await definer.state('lamp', id), { seq: 1, value: 'on' }));
    await roles('user', 'clerk');
  });

  it('are asked when somebody saves or runs: what stands goes on without whoever set it', async () => {
    const id = await lit();
    const name = named();
    await roles('user', 'clerk', 'service');
    assert.equal((await put(name, turn(id), clerk)).status, 201);
    await roles('user', 'clerk');
    assert.equal((await run(name, clerk)).status, 403);
    const nextAt = new Date(Math.floor(Date.now() / 1_000) * 1_000);
    await Schedules.native().updateOne({ _id: name }, { $set: { nextAt, cron: '* * * * * *' } });
    const rows = { kind: send, key: `lamp.${id}`, actor: 'system', state: 'done' } as const;
    await eventually(async () => assert.ok(await Work.native().findOne(rows)));
    const { body } = await definer.call('GET', `/api/schedules/${name}`);
    assertPartly(body, { savedBy: clerk.user.id, enabled: true, error: null });
    assert.equal((await definer.call('DELETE', `/api/schedules/${name}`)).status, 200);
  });

  it('cannot be lent by the input: what only the product says of a command is refused', async () => {
    const id = await lit();
    const asker = { names: [], operates: true, readsAny: true };
    const parent = { instance: `lamp.${id}`, child: { id: 'a', generation: 1 } };
    for (const [kind, more] of [
      [send, { asker }],
      [send, { from: 'parent' }],
      [send, { from: parent.child }],
      [create, { asker }],
      [create, { parent }],
      ['operations.heartbeat', { holds: ['machine.operate'] }],
    ] as const) {
      const event = kind === send ? { event: { type: 'TURN' } } : {};
      const input = kind === 'operations.heartbeat' ? more : { type: 'lamp', id, ...event, ...more };
      const reply = await put(named(), { kind, input }, definer.admin);
      assert.deepEqual([reply.status, problemOf(reply).code], [422, 'request.invalid'], JSON.stringify(input));
    }
    const lent = await put(named(), { ...turn(id), holds: ['machine.operate'] }, clerk);
    assert.equal(lent.status, 422);
  });

  it('are not kept by what was saved with such an input before: it switches itself off', async () => {
    const id = await lit();
    const name = named();
    assert.equal((await put(name, { ...turn(id), enabled: false }, definer.admin)).status, 201);
    await Schedules.native().updateOne({ _id: name }, { $set: { 'input.from': 'parent' } });
    assert.equal((await run(name, definer.admin)).status, 422);
    await Schedules.native().updateOne({ _id: name }, { $set: { nextAt: new Date(), enabled: true } });
    await eventually(async () => {
      const { body } = await definer.call('GET', `/api/schedules/${name}`);
      assertPartly(body, { enabled: false, error: `The command ${send} does not take this input any more` });
    });
    assert.equal(await Work.native().countDocuments({ key: `lamp.${id}`, kind: send }), 0);
  });
});
