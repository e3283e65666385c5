// Machines that somebody may move and not read: they learn what came of their own event, and nothing of the others.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { newId } from '#src/platform/ids.ts';
import { MachineInstances } from '#src/platform/machines/store.ts';
import { registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { Definer } from '../../support/definer.ts';
import type { Reply } from '../../support/http.ts';

/** Anybody may apply; only its owner sees who did. */
const applications = {
  input: { type: 'object', properties: { owner: { type: 'string', maxLength: 64 } }, required: ['owner'] },
  context: { owner: { $cel: 'input.owner' }, all: [], none: {} },
  owner: { $cel: 'context.owner' },
  access: { create: ['operator'], read: ['owner'], cancel: ['anyone'] },
  events: {
    APPLY: {
      payload: { type: 'object', properties: { text: { type: 'string', maxLength: 100 } }, required: ['text'] },
      from: ['anyone'],
    },
    BAD: { from: ['anyone'] },
    LATE: { from: ['anyone'], early: 'defer' },
  },
  initial: 'open',
  states: {
    open: {
      on: {
        APPLY: {
          guard: "!context.all.exists(one, one.text == event.text) && context.owner != 'secret'",
          actions: { type: 'set', params: { all: { $cel: "context.all + [{'by': actor, 'text': event.text}]" } } },
        },
        BAD: { guard: "context.none.secret == 'x'", target: 'closed' },
      },
    },
    closed: { type: 'final' },
  },
};

describe('machines one may move and not read', function () {
  this.timeout(20_000);
  let definer: Definer;
  let eve: LoggedIn;
  const type = 'applications';

  before(async () => {
    definer = await Definer.start();
    eve = await registerSomebody(definer.server, 'Eve');
    await definer.registered(type, applications);
  });
  after(async () => {
    await definer.stop();
  });

  const made = async (): Promise<string> => {
    const id = newId();
    await definer.create(type, id, { owner: definer.buyer.user.id });
    return id;
  };
  const cancel = async (id: string, by: LoggedIn): Promise<Reply> =>
    await definer.call('POST', `/api/state-machines/${type}/${id}/cancel`, {}, by);

  it('answer an event with its outcome alone, a repeat and an early one too; whoever reads gets all', async () => {
    const id = await made();
    const own = await definer.send(type, id, { type: 'APPLY', text: 'mine', eventId: 'e1' }, definer.buyer);
    assert.deepEqual(Object.keys(own.body as object).toSorted(), [
      'changed',
      'context',
      'effects',
      'id',
      'seq',
      'status',
      'type',
      'value',
    ]);
    const apply = { type: 'APPLY', text: 'hers', eventId: 'e1' };
    const first = await definer.send(type, id, apply, eve);
    assert.deepEqual([first.status, first.headers.get('etag')], [200, '"2"']);
    assert.deepEqual(first.body, { type, id, seq: 2, changed: true });
    assert.deepEqual((await definer.send(type, id, apply, eve)).body, first.body);
    const late = await definer.send(type, id, { type: 'LATE' }, eve);
    assert.deepEqual(late.body, { type, id, seq: 2, changed: false, early: 'deferred' });
  });

  it('answer a no without what it rests on', async () => {
    const id = await made();
    await definer.send(type, id, { type: 'APPLY', text: 'once' }, definer.buyer);
    const refused = await definer.send(type, id, { type: 'APPLY', text: 'once' }, eve);
    assert.equal(refused.status, 409);
    const { code, seq, accepts, verdicts, value } = refused.body as Record<string, unknown>;
    assert.deepEqual(
      [code, seq, accepts, verdicts, value],
      ['state-machine.event-not-accepted', 1, undefined, undefined, undefined],
    );
    const failed = await definer.send(type, id, { type: 'BAD' }, eve);
    assert.equal(failed.status, 422);
    assert.ok(!failed.text.includes('secret'), failed.text);
    assert.ok((await definer.send(type, id, { type: 'BAD' }, definer.buyer)).text.includes('secret'));
  });

  it('answer who cancels with the outcome alone, once more too', async () => {
    const id = await made();
    const first = await cancel(id, eve);
    assert.deepEqual([first.status, first.body], [200, { type, id, seq: 1, changed: true }]);
    assert.deepEqual((await cancel(id, eve)).body, first.body);
  });

  it('are not cancelled by strangers where they are forks', async () => {
    const id = await made();
    const fork = newId();
    const forked = await definer.call('POST', `/api/state-machines/${type}/${id}/fork`, { atSeq: 0, id: fork });
    assert.equal(forked.status, 201, forked.text);
    assert.equal((await cancel(fork, eve)).status, 404);
    assert.equal((await MachineInstances.native().findOne({ _id: `${type}.${fork}` }))?.status, 'active');
    assert.equal((await cancel(fork, definer.admin)).status, 200);
  });
});
