// What machines tell one another while the product cannot run one of them: nothing of it is lost.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import mongoose from 'mongoose';
import { operations } from '#src/platform/commands/operations.ts';
import { DeadLetters } from '#src/platform/commands/work.ts';
import { newId } from '#src/platform/ids.ts';
import { MachineInstances } from '#src/platform/machines/store.ts';
import { Definer } from '../../support/definer.ts';
import { eventually } from '../../support/eventually.ts';
import { problemOf } from '../../support/http.ts';
import { assertPartly } from '../../support/partly.ts';

const events = { GO: { from: ['operator'] } };
const signal = { type: 'signal', params: { type: 'hearer', id: 'one', event: { type: 'GO' } } };
const b = { type: 'final' };
const teller = { events, initial: 'a', states: { a: { on: { GO: { target: 'b', actions: signal } } }, b } };
const hearer = { events, initial: 'a', states: { a: { on: { GO: 'b' } }, b } };

interface Row {
  readonly _id: string;
  readonly version: number;
  readonly content: string;
  readonly source: string;
}

describe('a machine that the product cannot run as it is', function () {
  this.timeout(30_000);
  let definer: Definer;

  before(async () => {
    definer = await Definer.start([operations]);
    await definer.registered('teller', teller);
    await definer.registered('hearer', hearer);
  });
  after(async () => {
    await definer.stop();
  });

  it('is told later what another one sent it: a dead letter, that its redrive delivers; people are told at once', async () => {
    const id = 'one';
    await definer.create('hearer', id, {});
    await definer.create('teller', id, {});
    // As a newer version of the product would have left it, that knows a member this one does not.
    const rows = mongoose.connection.collection<Row>('machine_definitions');
    const known = await rows.findOne({ _id: 'hearer@1' });
    assert.ok(known);
    const _id = 'hearer@2';
    const source = JSON.stringify({ ...hearer, newer: true });
    await rows.insertOne({ ...known, _id, version: 2, content: newId(), source });
    await MachineInstances.native().updateOne({ _id: `hearer.${id}` }, { $set: { version: 2 } });
    await definer.changeOwners();

    assert.equal((await definer.send('teller', id, { type: 'GO' })).status, 200);
    const letter = await eventually(async () => {
      const found = await DeadLetters.native().findOne({ kind: 'state-machine.event.send', key: `hearer.${id}` });
      return found ?? assert.fail('it has not given up yet');
    }, 10_000);
    assert.match(letter.error, /hearer.*cannot be run/u);
    const asked = await definer.send('hearer', id, { type: 'GO' });
    assert.deepEqual([asked.status, problemOf(asked).code], [422, 'state-machine.step-failed']);

    await rows.updateOne({ _id }, { $set: { source: known.source } });
    await definer.call('POST', '/api/dead-letters/redrive', { ids: [letter._id] });
    await eventually(
      async () => assertPartly(await definer.state('hearer', id), { seq: 1, value: 'b', version: 2 }),
      10_000,
    );
  });
});
