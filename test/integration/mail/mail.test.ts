// Mails through a real SMTP server in the test process, and those that are kept because there is none.
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { readSmtp } from '#config/smtp.ts';
import type { Owner } from '#src/platform/commands/owner.ts';
import { DeadLetters, type WorkRow } from '#src/platform/commands/work.ts';
import { mailOver } from '#src/platform/mail/mail.effects.ts';
import { Mails } from '#src/platform/mail/mail.model.ts';
import { smtpMailer, type Mailer } from '#src/platform/mail/smtp.ts';
import { defineMail } from '#src/platform/mail/template.ts';
import { sharedClient } from '#src/platform/redis/clients.ts';
import { effectsWorker } from '#workers/effects.worker.ts';
import { ask, effectRow, reach, rowsNow } from '../../support/effects.ts';
import { eventually } from '../../support/eventually.ts';
import { startServer, type TestServer } from '../../support/http.ts';
import { startSink, type Sink } from '../../support/smtp.ts';

const note = defineMail({
  name: 'mail.test-note',
  data: z.strictObject({ subject: z.string(), text: z.string() }),
  render: (data) => data,
});
const from = 'Gründerbüro Ø <brain@example.test>';

function mailerFor(url: string, sender = from): Mailer {
  const settings = readSmtp(url, sender);
  assert.ok(typeof settings === 'object', typeof settings === 'string' ? settings : '');
  return smtpMailer(settings);
}

describe('mail', function () {
  this.timeout(40_000);
  let server: TestServer;
  let owner: Owner;
  let sink: Sink;
  let mailer: Mailer;
  let turn = 0;

  before(async () => {
    const through: Mailer = { send: async (...mail) => await mailer.send(...mail) };
    server = await startServer([
      mailOver(through, { timeoutMs: 1_500, retry: { attempts: 8, baseMs: 100, maxMs: 400 } }),
    ]);
    owner = effectsWorker(server.registry);
    owner.start();
  });
  after(async () => {
    await owner.stop();
    await server.close();
  });
  beforeEach(async () => {
    sink = await startSink();
    mailer = mailerFor(sink.url);
  });
  afterEach(async () => {
    await sink.close();
  });

  const mailTo = (to: string, data = { subject: 'Hello', text: 'Hello' }): WorkRow => {
    turn += 1;
    const { kind, input } = note.draft(to, data, `turn-${turn}`);
    return effectRow(server.registry, kind, input);
  };
  const arrivedIds = (): (string | undefined)[] => sink.arrived.map(({ parsed }) => parsed.messageId);

  it('arrives as it was written, under an id of its own, and leaves no text behind', async () => {
    const subject = 'Grüße, 你好 🚀: dein Konto';
    const text = 'Hi <b>Ada</b> & co,\n\nopen https://example.test/x?a=1&b=2 soon.\n.\nÀ bientôt';
    const row = mailTo('ada@example.test', { subject, text });
    await ask([row]);
    const [done] = await reach([row], ['done']);
    assert.deepEqual(done?.result, { state: 'sent' });
    assert.equal(sink.arrived.length, 1);
    const { parsed, envelope, raw } = sink.arrived[0] ?? assert.fail();
    assert.deepEqual(envelope, { from: 'brain@example.test', to: ['ada@example.test'] });
    assert.equal(parsed.subject, subject);
    assert.deepEqual(parsed.from?.value, [{ name: 'Gründerbüro Ø', address: 'brain@example.test' }]);
    assert.equal(parsed.text?.trim(), text);
    assert.match(String(parsed.html), /Hi &lt;b&gt;Ada&lt;\/b&gt; &amp; co/u);
    assert.match(String(parsed.html), /<a href="https:\/\/example\.test\/x\?a=1&amp;b=2"/u);
    assert.equal(parsed.messageId, `<${row._id}@example.test>`);
    assert.match(raw, /^Auto-Submitted: auto-generated\r$/mu);
    const {
      to,
      template,
      state,
      subject: kept,
      text: keptText,
    } = (await Mails.native().findOne({ _id: row._id })) ?? assert.fail();
    assert.deepEqual([to, template, state, kept, keptText], ['ada@example.test', 'mail.test-note', 'sent', '', '']);
  });

  it('takes no header and no second receiver from what it is given', async () => {
    const row = mailTo('ada@example.test', { subject: 'One\r\nBcc: eve@example.test\r\n\r\nbody', text: 'x' });
    await ask([row]);
    await reach([row], ['done']);
    const { parsed, envelope } = sink.arrived[0] ?? assert.fail();
    assert.deepEqual(envelope.to, ['ada@example.test']);
    assert.equal(parsed.headers.get('bcc'), undefined);
    assert.equal(parsed.subject, 'One Bcc: eve@example.test body');
    for (const to of [
      'a@x.test\r\nBcc: b@x.test',
      'a@x.test,b@x.test',
      'A <a@x.test>',
      'a@x.test b@x.test',
      '"a b"@x.test',
      'a',
    ]) {
      assert.throws(() => mailTo(to), z.ZodError, to);
    }
  });

  it('that is put off is sent again, once in the end and under one id', async () => {
    const seen: (string | undefined)[] = [];
    sink.onMail = ({ parsed }) => {
      seen.push(parsed.messageId);
      return seen.length < 3 ? { code: 451, message: '4.7.1 Try later, ada@example.test' } : undefined;
    };
    const row = mailTo('ada@example.test');
    await ask([row]);
    const [done] = await reach([row], ['done']);
    assert.equal(done?.attempts, 2);
    assert.equal(done?.error, 'The mail server said 451 4.7.1 (EMESSAGE)');
    assert.equal(seen.length, 3);
    assert.equal(new Set(seen).size, 1);
    assert.equal(sink.arrived.length, 1);
  });

  it('that is refused is a dead letter with the code and nothing else, and the others go on', async () => {
    sink.onReceiver = (to) =>
      to === 'nobody@example.test' ? { code: 550, message: '5.1.1 nobody@example.test?' } : undefined;
    sink.onMail = ({ parsed }) => (parsed.subject === 'Spam' ? { code: 554, message: 'Spam it is' } : undefined);
    const rows = [
      mailTo('ada@example.test'),
      mailTo('nobody@example.test', { subject: 'Secret', text: 'https://example.test/reset/secret' }),
      mailTo('bob@example.test', { subject: 'Spam', text: 'x' }),
      mailTo('eve@example.test'),
    ];
    await ask(rows);
    await reach(rows, ['done', 'dead', 'dead', 'done']);
    const letters = await DeadLetters.native()
      .find({ _id: { $in: rows.map(({ _id }) => _id) } })
      .sort({ _id: 1 })
      .toArray();
    assert.deepEqual(
      letters.map(({ error, attempts }) => [error, attempts]),
      [
        ['The mail server refused it: 550 5.1.1', 1],
        ['The mail server refused it: 554', 1],
      ],
    );
    const failed = await Mails.native().findOne({ _id: rows[1]?._id ?? '' });
    assert.deepEqual(
      [failed?.state, failed?.problem, failed?.text],
      ['failed', 'The mail server refused it: 550 5.1.1', ''],
    );
    assert.equal(sink.arrived.length, 2);
  });

  it('waits out a server that is away, and arrives when it is back', async () => {
    const { port } = sink;
    await sink.close();
    const row = mailTo('ada@example.test');
    await ask([row]);
    await eventually(async () => assert.ok(((await rowsNow([row]))[0]?.attempts ?? 0) >= 2));
    assert.match((await rowsNow([row]))[0]?.error ?? '', /^The mail server could not be used \(E[A-Z]+\)$/u);
    sink = await startSink({ port });
    await reach([row], ['done']);
    assert.equal(sink.arrived.length, 1);
  });

  it('gives up on a server that hangs, at the time-out, and nobody else waits for it', async () => {
    let answer: (() => void) | undefined;
    sink.onMail = async ({ parsed }) => {
      if (parsed.subject === 'Slow' && answer === undefined) {
        await new Promise<void>((resolve) => (answer = resolve));
      }
      return undefined;
    };
    const slow = mailTo('ada@example.test', { subject: 'Slow', text: 'x' });
    const others = Array.from({ length: 20 }, (_, index) => mailTo(`other.${index}@example.test`));
    await ask([slow, ...others]);
    await reach(
      others,
      others.map(() => 'done'),
    );
    const [done] = await reach([slow], ['done']);
    assert.deepEqual([done?.attempts, done?.error], [1, 'It did not end within 1500 ms']);
    answer?.();
  });

  it('sends nothing without TLS unless the URL says so, and nothing of a login that is refused gets out', async () => {
    mailer = mailerFor(`smtp://127.0.0.1:${sink.port}`);
    const plain = mailTo('ada@example.test');
    await ask([plain]);
    await reach([plain], ['dead'], 20_000);
    assert.equal(sink.arrived.length, 0);
    assert.ok(sink.connections.count > 0);
    const picky = await startSink({ login: { user: 'brain', password: 'right' } });
    mailer = mailerFor(`smtp://brain:wrong-pa55@127.0.0.1:${picky.port}?tls=off`);
    const refused = mailTo('ada@example.test');
    await ask([refused]);
    await eventually(async () => assert.ok(((await rowsNow([refused]))[0]?.attempts ?? 0) > 0));
    const [row] = await rowsNow([refused]);
    assert.equal(row?.error, 'The mail server said 535 (EAUTH)');
    mailer = mailerFor(`smtp://brain:right@127.0.0.1:${picky.port}?tls=off`);
    await reach([refused], ['done']);
    assert.equal(picky.arrived.length, 1);
    await picky.close();
  });

  it('are all sent once while Redis is emptied again and again', async () => {
    const rows = Array.from({ length: 40 }, (_, index) => mailTo(`many.${index}@example.test`));
    sink.onMail = async () => {
      await delay(20);
      return undefined;
    };
    const redis = sharedClient();
    for (let at = 0; at < rows.length; at += 10) {
      await ask(rows.slice(at, at + 10));
      await redis.flushall();
    }
    await reach(
      rows,
      rows.map(() => 'done'),
      20_000,
    );
    assert.equal(sink.arrived.length, rows.length);
    assert.deepEqual(new Set(arrivedIds()), new Set(rows.map(({ _id }) => `<${_id}@example.test>`)));
  });

  it('are kept whole where there is no server', async () => {
    await owner.stop();
    const { effects = [] } = mailOver(undefined);
    const registry = { ...server.registry, effects: new Map(effects.map((effect) => [effect.kind, effect])) };
    owner = effectsWorker(registry);
    owner.start();
    const row = mailTo('ada@example.test', { subject: 'Kept', text: 'https://example.test/verify' });
    await ask([row]);
    const [done] = await reach([row], ['done']);
    assert.deepEqual(done?.result, { state: 'kept' });
    const kept = await Mails.native().findOne({ _id: row._id });
    assert.deepEqual([kept?.subject, kept?.text, kept?.state], ['Kept', 'https://example.test/verify', 'kept']);
    assert.equal(sink.connections.count, 0);
  });
});
