// The board of queues: who gets in, and that it only looks.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { Queue } from 'bullmq';
import { createBoard } from '#src/platform/http/board.ts';
import { newId } from '#src/platform/ids.ts';
import { authService, checkPassword } from '#src/services/auth/index.ts';
import { userService } from '#src/services/user/index.ts';
import { logInAdmin, password, registerSomebody } from '../../support/accounts.ts';
import { startServer, type Reply, type TestServer } from '../../support/http.ts';

describe('the board', () => {
  let server: TestServer;
  let queue: Queue;
  let checks = 0;
  const basic = (email: string, secret = password): string =>
    `Basic ${Buffer.from(`${email}:${secret}`).toString('base64')}`;
  const get = async (path: string, authorization?: string, method = 'GET'): Promise<Reply> =>
    await server.call(method, path, authorization === undefined ? {} : { headers: { authorization } });

  before(async () => {
    queue = new Queue('work', {
      prefix: `board-${newId()}`,
      connection: { url: String(process.env['REDIS_URL']), maxRetriesPerRequest: null },
    });
    const board = createBoard([queue], async (...credentials) => {
      checks += 1;
      return await checkPassword(...credentials);
    });
    server = await startServer([userService, authService], { board });
    await logInAdmin(server);
  });
  after(async () => {
    await queue.obliterate({ force: true });
    await queue.close();
    await server.close();
  });

  it('asks for a password, and takes it only from those who may see the queues', async () => {
    const somebody = await registerSomebody(server);
    for (const header of [
      undefined,
      'Basic !',
      'Basic Og==',
      'Bearer x',
      basic('admin@example.test', 'wrong password'),
      basic('nobody@example.test'),
      basic(somebody.user.email),
    ]) {
      for (const path of ['/admin/queues', '/admin/queues/api/queues', '/admin/queues/static/js/x.js']) {
        const reply = await get(path, header);
        assert.equal(reply.status, 401, `${header} ${path}`);
        assert.match(reply.headers.get('www-authenticate') ?? '', /^Basic realm=/u);
      }
    }
  });

  it('shows the page, its scripts and the queues', async () => {
    const header = basic('admin@example.test');
    const page = await get('/admin/queues', header);
    assert.equal(page.status, 200);
    assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'self'/u);
    const script = /src="(static\/js\/main[^"]+)"/u.exec(page.text)?.[1];
    assert.equal((await get(`/admin/queues/${script}`, header)).status, 200);
    await queue.add('hello', {}, { jobId: 'one' });
    const queues = await get('/admin/queues/api/queues', header);
    assert.equal(queues.status, 200);
    assert.ok(queues.text.includes('"name":"work"'));
  });

  it('remembers a right password for a while', async () => {
    const header = basic('admin@example.test');
    await get('/admin/queues', header);
    const before = checks;
    await get('/admin/queues', header);
    assert.equal(checks, before);
  });

  it('changes nothing', async () => {
    const header = basic('admin@example.test');
    await queue.add('hello', {}, { jobId: 'two' });
    for (const path of ['pause', 'empty', 'two/clean', 'promote']) {
      const reply = await get(`/admin/queues/api/queues/work/${path}`, header, 'PUT');
      assert.ok(reply.status >= 400, `${path} ${reply.status}`);
    }
    assert.equal(await queue.isPaused(), false);
    assert.ok(await queue.getJob('two'));
  });

  it('takes no path but its own', async () => {
    assert.equal((await get('/admin/queuesx')).status, 404);
    assert.equal((await get('/admin')).status, 404);
    assert.equal((await get('/api/health/live')).status, 200);
  });
});
