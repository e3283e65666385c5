// Mails by real worker processes: killed between sending and settling, stopped while sending, and several beside each other.
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { shardFor, type WorkRow } from '#src/platform/commands/work.ts';
import { newId } from '#src/platform/ids.ts';
import { eventually } from '../support/eventually.ts';
import { blockNext, ownerInside, ownerOf, shared, unblock } from '../support/faults.ts';
import { insertRows, readRows, workRowOf } from '../support/rows.ts';
import { startSink, type Sink } from '../support/smtp.ts';
import { showLogs, startSystem, type System } from '../support/system.ts';

const password = 'pa55-of-the-server';

describe('mails of worker processes', () => {
  let system: System;
  let sink: Sink;

  before(async () => {
    sink = await startSink({ login: { user: 'brain', password } });
    const env = {
      SMTP_URL: `smtp://brain:${password}@127.0.0.1:${sink.port}?tls=off`,
      MAIL_FROM: 'Brain <brain@example.test>',
    };
    system = await startSystem({ apis: 1, workers: 2, people: 0, env, workerScript: 'test/support/mail-worker.ts' });
    await shared(system.db);
  });
  after(async () => {
    await system?.stop();
    await sink?.close();
  });
  beforeEach(() => {
    sink.arrived.length = 0;
    sink.onMail = () => undefined;
  });
  afterEach(async function () {
    showLogs(this, system);
    await unblock(system.db);
  });

  /** A mail of the template that test/support/mail-worker.ts has. */
  const mailRow = (to: string): WorkRow => {
    const _id = newId();
    const input = { to, template: 'mail.check', data: {} };
    return { ...workRowOf({ kind: 'mail.message.send', key: _id, input }), _id, shard: shardFor('effects', _id) };
  };
  const count = (row: WorkRow): number =>
    sink.arrived.filter(({ parsed }) => parsed.messageId === `<${row._id}@example.test>`).length;
  const reach = async (rows: readonly WorkRow[], state: string, withinMs = 20_000): Promise<void> =>
    await eventually(
      async () => {
        const states = (await readRows(system.db, rows)).map((row) => row.state);
        assert.deepEqual(
          states,
          rows.map(() => state),
        );
      },
      withinMs,
      50,
    );

  it('are sent once more at most, under the same id, when the process is killed before it could settle', async () => {
    const row = mailRow('ada@example.test');
    await blockNext(system.db, { command: 'update', collection: 'work', ms: 10_000 });
    await insertRows(system.db, [row]);
    const { pid } = await ownerInside(system.db);
    assert.equal(count(row), 1, 'it was sent, and not settled');
    await system.fleet.restartWorker(system.worker(pid).index);
    await reach([row], 'done');
    assert.equal(count(row), 2);
    const [done] = await readRows(system.db, [row]);
    assert.equal(done?.attempts, 1, 'the death counted');
  });

  it('under way when a worker is stopped are taken or handed over, none lost, and nobody shows the password', async () => {
    await shared(system.db);
    sink.onMail = async () => {
      await delay(150);
      return undefined;
    };
    const rows = Array.from({ length: 40 }, (_, index) => mailRow(`person.${index}@example.test`));
    await insertRows(system.db, rows);
    await eventually(() => assert.ok(sink.arrived.length > 3), 15_000, 20);
    const { pid } = await ownerOf(system.db, rows[0]?.shard ?? '');
    const { child, index } = system.worker(pid);
    await system.fleet.kill(child, 'SIGTERM');
    await reach(rows, 'done');
    assert.deepEqual(
      rows.map((row) => count(row)),
      rows.map(() => 1),
      'a stop that is told waits for what is being sent',
    );
    assert.deepEqual(new Set((await readRows(system.db, rows)).map(({ attempts }) => attempts)), new Set([0]));
    await system.fleet.restartWorker(index);
    assert.ok(!system.fleet.logs().includes(password));
  });

  it('go on beside a worker that comes: its shards are handed over, and each mail is sent once', async () => {
    await shared(system.db);
    sink.onMail = async () => {
      await delay(100);
      return undefined;
    };
    const rows = Array.from({ length: 60 }, (_, index) => mailRow(`again.${index}@example.test`));
    await insertRows(system.db, rows);
    await eventually(() => assert.ok(sink.arrived.length > 3), 15_000, 20);
    await system.fleet.addWorker();
    await reach(rows, 'done');
    assert.deepEqual(
      rows.map((row) => count(row)),
      rows.map(() => 1),
    );
    await shared(system.db);
  });
});
