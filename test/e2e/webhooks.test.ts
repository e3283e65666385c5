// A webhook by a real worker process that is killed while the receiver takes it.
import assert from 'node:assert/strict';
import { Work, type WorkRow } from '#src/platform/commands/work.ts';
import { eventually } from '../support/eventually.ts';
import { call } from '../support/fleet.ts';
import { isSigned, startReceiver, type Receiver } from '../support/receiver.ts';
import { showLogs, startSystem, type System } from '../support/system.ts';

const base = '/api/state-machines/webhooks';

describe('webhooks of worker processes', () => {
  let system: System;
  let receiver: Receiver;

  before(async () => {
    receiver = await startReceiver();
    system = await startSystem({ apis: 1, workers: 1, people: 0, env: { WEBHOOK_ALLOW_PRIVATE: '127.0.0.1' } });
  });
  after(async () => {
    await system?.stop();
    await receiver?.close();
  });
  afterEach(function () {
    showLogs(this, system);
  });

  it('come again under the same id and with a signature that holds, when the process is killed on the way', async () => {
    const { token } = system;
    const made = await call(system.url(0), 'POST', base, { token, body: { name: 'orders', url: receiver.url } });
    const { secret } = made.body as { secret: string };
    // The message has arrived; its sender will not hear of that.
    receiver.answer(() => undefined);
    const sent = await call(system.url(0), 'POST', `${base}/orders/test`, { token });
    const { delivery } = sent.body as { delivery: string };
    await eventually(() => assert.equal(receiver.received.length, 1), 15_000);
    receiver.answer((response) => response.writeHead(204).end());
    await system.fleet.restartWorker(0);
    await eventually(async () => {
      const row = await system.db.collection<WorkRow>(Work.name).findOne({ _id: delivery });
      assert.deepEqual([row?.state, row?.attempts], ['done', 1], 'the death counted');
    }, 30_000);
    assert.deepEqual(
      receiver.received.map(({ headers, body }) => [headers['webhook-id'], body]),
      Array.from({ length: 2 }, () => [delivery, receiver.received[0]?.body]),
    );
    assert.ok(receiver.received.every((message) => isSigned(message, secret)));
    assert.ok(!system.fleet.logs().includes(secret.slice('whsec_'.length)));
  });
});
