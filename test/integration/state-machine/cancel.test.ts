// Cancelling machines and undoing what their effects did, over HTTP.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { operations } from '#src/platform/commands/operations.ts';
import { DeadLetters } from '#src/platform/commands/work.ts';
import { newId } from '#src/platform/ids.ts';
import { Timers } from '#src/platform/machines/store.ts';
import { registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { Definer } from '../../support/definer.ts';
import { eventually } from '../../support/eventually.ts';
import type { Reply } from '../../support/http.ts';
import { assertPartly } from '../../support/partly.ts';
import { failing, marks, prober, refusing } from '../../support/probe-effects.ts';

const mark = (nth: number) => ({ type: 'probe', params: { mark: { $cel: `context.mark + '-${nth}'` } } });

/** Leaves marks that can be undone; its owner may cancel it. */
const trip = {
  input: {
    type: 'object',
    properties: { who: { type: 'string' }, mark: { type: 'string' } },
    required: ['who', 'mark'],
  },
  context: { who: { $cel: 'input.who' }, mark: { $cel: 'input.mark' } },
  owner: { $cel: 'context.who' },
  access: { create: ['operator'], read: ['owner', 'role:moderator'], cancel: ['owner'] },
  events: Object.fromEntries(['BOOK', 'UNDO', 'END'].map((name) => [name, { from: ['owner'] }])),
  initial: 'planned',
  states: {
    planned: { on: { BOOK: { target: 'booked', actions: [mark(1), mark(2)] } }, after: { P1D: 'over' } },
    booked: {
      on: { BOOK: { actions: mark(3) }, UNDO: { actions: 'compensate' }, END: 'over' },
      after: { P2D: 'over' },
    },
    over: { type: 'final' },
  },
};

describe('cancelling state machines', function () {
  this.timeout(40_000);
  let definer: Definer;
  let stranger: LoggedIn;

  before(async () => {
    definer = await Definer.start([operations, prober]);
    stranger = await registerSomebody(definer.server, 'Stranger');
    await definer.registered('trip', trip);
  });
  after(async () => {
    await definer.stop();
  });

  const made = async (): Promise<string> => {
    const id = newId();
    await definer.create('trip', id, { who: definer.buyer.user.id, mark: id });
    return id;
  };
  const send = async (id: string, type: string): Promise<Reply> =>
    await definer.send('trip', id, { type }, definer.buyer);
  const cancel = async (id: string, by = definer.buyer, body: object = {}): Promise<Reply> =>
    await definer.call('POST', `/api/state-machines/trip/${id}/cancel`, body, by);
  const left = async (id: string, expected: readonly string[]): Promise<void> =>
    await eventually(
      async () =>
        assert.deepEqual(
          await marks(id),
          expected.map((one) => one.replace('*', id)),
        ),
      10_000,
      20,
    );
  const undone = async (id: string): Promise<void> =>
    await eventually(async () => assertPartly(await definer.state('trip', id), { undoing: 0 }), 10_000, 20);
  const booked = async (id: string): Promise<void> => {
    assert.equal((await send(id, 'BOOK')).status, 200);
    assert.equal((await send(id, 'BOOK')).status, 200);
    await left(id, ['*-1', '*-2', '*-3']);
  };

  it('ends them with their timers, and undoes what they did, the newest first; once more is the same', async () => {
    const id = await made();
    await booked(id);
    const first = await cancel(id, definer.buyer, { reason: 'Ill' });
    assertPartly(first.body, { seq: 3, value: 'booked', status: 'stopped', changed: true });
    assert.equal(first.headers.get('etag'), '"3"');
    await left(id, ['*-1', '*-2', '*-3', 'un-*-3', 'un-*-2', 'un-*-1']);
    await undone(id);
    assertPartly(await definer.state('trip', id), { status: 'stopped', timers: [], accepts: [] });
    const again = await cancel(id);
    assert.deepEqual([again.status, again.body], [200, first.body]);
    assert.equal((await send(id, 'BOOK')).status, 409);
    assert.equal(await Timers.native().countDocuments({ instance: `trip.${id}`, state: 'armed' }), 0);
    const history = await definer.call('GET', `/api/state-machines/trip/${id}/history`);
    assertPartly(history.body, { chain: 'intact' });
    assertPartly((history.body as { data: object[] }).data.at(-1), {
      event: { type: '@cancel', reason: 'Ill' },
      actor: definer.buyer.user.id,
      effects: [{ name: 'compensate' }],
    });
    assertPartly((history.body as { data: object[] }).data[1], {
      effects: [{ name: 'probe', work: { state: 'done' } }],
    });
    assert.equal((await marks(id)).length, 6, 'the second time undid nothing');
  });

  it('is for whom the definition names, and for operators; what has ended cannot be cancelled', async () => {
    const id = await made();
    const path = `/api/state-machines/trip/${id}/cancel`;
    assert.equal((await definer.call('POST', path, {}, stranger)).status, 404);
    assert.equal((await definer.server.call('POST', path, { body: {} })).status, 401);
    assert.equal((await cancel(newId())).status, 404);
    assert.equal((await cancel(id, definer.buyer, { reason: '' })).status, 422);
    const onboarding = `/api/state-machines/onboarding/${definer.buyer.user.id}/cancel`;
    await definer.call('POST', '/api/state-machines/create', { type: 'onboarding', id: definer.buyer.user.id });
    assert.equal((await definer.call('POST', onboarding, {}, definer.buyer)).status, 403);
    assert.equal((await cancel(id, definer.admin)).status, 200);
    const over = await made();
    await send(over, 'BOOK');
    await send(over, 'END');
    assertPartly((await cancel(over)).body, { status: 409, code: 'state-machine.has-ended' });
  });

  it('stops undoing at what fails or is refused, and goes on with its redrive', async () => {
    const id = await made();
    await booked(id);
    failing.add(`un-${id}-3`);
    refusing.add(`un-${id}-1`);
    await cancel(id);
    const letter = await eventually(async () => {
      const found = await DeadLetters.native().findOne({ kind: 'prober.probe.do', key: `un-${id}-3` });
      return found ?? assert.fail('not dead yet');
    }, 10_000);
    await left(id, ['*-1', '*-2', '*-3']);
    assertPartly(await definer.state('trip', id), { undoing: 3 });
    failing.delete(`un-${id}-3`);
    await definer.call('POST', '/api/dead-letters/redrive', { ids: [letter._id] });
    await left(id, ['*-1', '*-2', '*-3', 'un-*-3', 'un-*-2']);
    const refusal = await eventually(async () => {
      const found = await DeadLetters.native().findOne({ kind: 'state-machine.effect.undo', key: `trip.${id}` });
      return found ?? assert.fail('not dead yet');
    }, 10_000);
    assert.match(refusal.error, /Undoing probe of .* was refused: request.conflict/u);
    assertPartly(await definer.state('trip', id), { undoing: 1 });
    refusing.delete(`un-${id}-1`);
    await definer.call('POST', '/api/dead-letters/redrive', { ids: [refusal._id] });
    await left(id, ['*-1', '*-2', '*-3', 'un-*-3', 'un-*-2', 'un-*-1']);
    await undone(id);
  });

  it('waits for what is under way, and may be done by the chart itself, which goes on', async () => {
    const id = await made();
    failing.add(`${id}-2`);
    await send(id, 'BOOK');
    await left(id, ['*-1']);
    assert.equal((await send(id, 'UNDO')).status, 200);
    failing.delete(`${id}-2`);
    await left(id, ['*-1', '*-2', 'un-*-2', 'un-*-1']);
    await undone(id);
    assertPartly(await definer.state('trip', id), { value: 'booked', status: 'active' });
    await send(id, 'BOOK');
    await left(id, ['*-1', '*-2', 'un-*-2', 'un-*-1', '*-3']);
    await cancel(id);
    await left(id, ['*-1', '*-2', 'un-*-2', 'un-*-1', '*-3', 'un-*-3']);
  });
});
