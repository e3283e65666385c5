// What operators may set as SMTP_URL and MAIL_FROM.
import assert from 'node:assert/strict';
import { readConfig } from '#config/env.ts';
import { readSmtp } from '#config/smtp.ts';

describe('SMTP_URL and MAIL_FROM', () => {
  const from = 'Brain <brain@example.test>';

  it('name a server, a login and a sender, with TLS unless the URL says otherwise', () => {
    assert.deepEqual(readSmtp('smtp://ada:p%40ss@mail.example.test', from), {
      host: 'mail.example.test',
      port: 587,
      tls: 'starttls',
      user: 'ada',
      password: 'p@ss',
      from: { name: 'Brain', address: 'brain@example.test' },
    });
    const implicit = readSmtp('smtps://[::1]:4650', 'brain@example.test');
    assert.ok(typeof implicit === 'object');
    assert.deepEqual([implicit.host, implicit.port, implicit.tls], ['::1', 4650, 'implicit']);
    assert.deepEqual(implicit.from, { name: '', address: 'brain@example.test' });
    const off = readSmtp('smtp://localhost?tls=off', from);
    assert.ok(typeof off === 'object');
    assert.deepEqual([off.tls, off.port], ['off', 25]);
  });

  it('are refused with a sentence that shows no password', () => {
    const wrong = [
      ['smtp://ada:s3cret@', from],
      ['smtp://ada:s3cret@host?tls=maybe', from],
      ['smtps://ada:s3cret@host?tls=off', from],
      ['http://ada:s3cret@host', from],
      ['smtp://ada:s3cret@host', undefined],
      ['smtp://ada:s3cret@host', 'nobody'],
      ['smtp://ada:s3cret@host', 'A <a@b.test>\r\nBcc: x@y.test'],
    ] as const;
    for (const [SMTP_URL, MAIL_FROM] of wrong) {
      const read = readConfig({ SMTP_URL, ...(MAIL_FROM === undefined ? {} : { MAIL_FROM }) });
      assert.ok('problems' in read && read.problems.length === 1, SMTP_URL);
      assert.match(read.problems[0] ?? '', /^(?:SMTP_URL|MAIL_FROM): /u);
      assert.doesNotMatch(read.problems.join(), /s3cret/u);
    }
  });
});
