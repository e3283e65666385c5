// The inbox page over HTTP: who may read it, what it shows and in which order, and that nothing in a mail becomes markup.
import assert from 'node:assert/strict';
import { newId } from '#src/platform/ids.ts';
import { Mails, type Mail } from '#src/platform/mail/mail.model.ts';
import { adminEmail, startBoard, type BoardServer } from '../../support/board.ts';

const page = '/admin/mails';

describe('the inbox page', function () {
  this.timeout(20_000);
  let board: BoardServer;
  let cookie: string;

  before(async () => {
    board = await startBoard();
    cookie = await board.logIn(adminEmail);
  });
  after(async () => await board.close());
  beforeEach(async () => {
    await Mails.native().deleteMany({});
  });

  const mail = (to: string, more: Partial<Mail> = {}): Mail => ({
    _id: newId(),
    to,
    template: 'mail.test',
    subject: `For ${to}`,
    text: 'Hello',
    state: 'kept',
    at: new Date(),
    ...more,
  });
  const headings = (text: string): string[] => [...text.matchAll(/<h2>(.*?)<\/h2>/gu)].map(([, words]) => words ?? '');
  const see = async (query = ''): Promise<string> => {
    const { status, text, headers } = await board.navigate('GET', `${page}${query}`, { cookie });
    assert.equal(status, 200, text);
    assert.match(headers['content-security-policy'] ?? '', /default-src 'none'/u);
    assert.equal(headers['cache-control'], 'no-store');
    return text;
  };

  it('is for accounts with the permission, behind the login, and comes back to where one wanted to go', async () => {
    const stranger = await board.navigate('GET', page);
    assert.deepEqual([stranger.status, stranger.headers['location']], [303, '/admin/login?next=%2Fadmin%2Fmails']);
    const form = { email: adminEmail, password: 'wrong', next: page };
    assert.match((await board.navigate('POST', '/admin/login', { form })).text, /value="\/admin\/mails"/u);
    const auditor = await board.logIn(await board.person('auditor'));
    assert.equal((await board.navigate('GET', page, { cookie: auditor })).status, 403);
    assert.equal((await board.navigate('POST', page, { cookie })).status, 405);
  });

  it('shows the newest first, links to click, and how mails ended', async () => {
    const link = 'https://example.test/verify?token=abc&for=ada';
    await Mails.native().insertMany([
      mail('old@example.test'),
      mail('ada@example.test', { subject: 'Hi <script>alert(1)</script>', text: `Open ${link}.\n<b>"now"</b>` }),
      mail('gone@example.test', { subject: '', text: '', state: 'failed', problem: 'The mail server refused it: 550' }),
    ]);
    const text = await see();
    assert.deepEqual(headings(text), ['mail.test', 'Hi &lt;script&gt;alert(1)&lt;/script&gt;', 'For old@example.test']);
    assert.match(text, /<a href="https:\/\/example\.test\/verify\?token=abc&amp;for=ada" rel="noreferrer">/u);
    assert.match(text, /&lt;b&gt;&quot;now&quot;&lt;\/b&gt;/u);
    assert.match(text, /failed: The mail server refused it: 550/u);
  });

  it('searches by address, as text and not as a pattern, and goes on to older ones', async () => {
    await Mails.native().insertMany([mail('ada@example.test'), mail('bob+1@example.test')]);
    assert.deepEqual(headings(await see('?to=ADA')), ['For ada@example.test']);
    assert.deepEqual(headings(await see('?to=b%2B1')), ['For bob+1@example.test']);
    assert.deepEqual(headings(await see('?to=.*')), []);
    await Mails.native().insertMany(Array.from({ length: 55 }, (_, index) => mail(`many.${index}@example.test`)));
    const first = await see('?to=many');
    assert.equal(headings(first).length, 50);
    const [, older = ''] = /href="\/admin\/mails(\?[^"]*)">Older/u.exec(first) ?? [];
    assert.equal(headings(await see(older.replaceAll('&amp;', '&'))).length, 5);
    assert.equal((await board.navigate('GET', `${page}?to=a&to=b`, { cookie })).status, 400);
  });
});
