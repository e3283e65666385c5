// Webhooks over HTTP, delivered by a real owner to a real receiver.
import assert from 'node:assert/strict';
import type { LookupFunction } from 'node:net';
import { after, before, describe, it } from 'mocha';
import { audit } from '#src/platform/audit/audit.ts';
import { DeadLetters, Work } from '#src/platform/commands/work.ts';
import type { Owner } from '#src/platform/commands/owner.ts';
import { Events } from '#src/platform/events/event.ts';
import { newId } from '#src/platform/ids.ts';
import { collections } from '#src/platform/mongo/collection.ts';
import { AddressRefused, post } from '#src/platform/outbound/post.ts';
import { authService } from '#src/services/auth/index.ts';
import { stateMachineService } from '#src/services/state-machine/index.ts';
import { userService } from '#src/services/user/index.ts';
import { webhooksWorker } from '#workers/webhooks.worker.ts';
import { logInAdmin, registerSomebody, type LoggedIn } from '../../support/accounts.ts';
import { ask, effectRow, reach } from '../../support/effects.ts';
import { eventually } from '../../support/eventually.ts';
import { problemOf, startServer, type Reply, type TestServer } from '../../support/http.ts';
import { isSigned, startReceiver, type Received, type Receiver } from '../../support/receiver.ts';

const base = '/api/state-machines/webhooks';
const kind = 'state-machine.webhook.deliver';
type View = Record<string, unknown> & { name: string; secret?: string };

describe('webhooks', function () {
  this.timeout(30_000);
  let server: TestServer;
  let owner: Owner;
  let admin: LoggedIn;
  let receiver: Receiver;
  let made = 0;

  before(async () => {
    server = await startServer([userService, authService, stateMachineService, audit]);
    owner = webhooksWorker(server.registry);
    owner.start();
    admin = await logInAdmin(server);
    receiver = await startReceiver();
  });
  after(async () => {
    await owner.stop();
    await receiver.close();
    await server.close();
  });

  const call = async (method: string, path: string, body?: object, headers = {}): Promise<Reply> =>
    await server.call(method, `${base}${path}`, { ...(body && { body }), token: admin.accessToken, headers });
  const make = async (url = `${receiver.url}/hook`): Promise<Required<View>> => {
    made += 1;
    const reply = await call('POST', '', { name: `orders-${made}`, url });
    assert.equal(reply.status, 201, reply.text);
    return reply.body as Required<View>;
  };
  const sent = async (name: string, wanted = 1): Promise<Received[]> =>
    await eventually(() => {
      const mine = receiver.received.filter(({ body }) => body.includes(`"${name}"`));
      assert.equal(mine.length, wanted);
      return mine;
    }, 15_000);
  const deliver = async (name: string, state: 'done' | 'dead', data: object = { endpoint: name }) => {
    const row = effectRow(server.registry, kind, { endpoint: name, type: 'order.paid', data });
    await ask([row]);
    const [ended] = await reach([row], [state]);
    assert.ok(ended);
    return ended;
  };

  it('shows the secret once, keeps it sealed, and repeats the first answer under its key', async () => {
    const body = { name: 'sealed', url: `${receiver.url}/hook` };
    const headers = { 'idempotency-key': newId() };
    const first = await call('POST', '', body, headers);
    const { secret } = first.body as Required<View>;
    assert.match(secret, /^whsec_/u);
    const again = await call('POST', '', body, headers);
    assert.equal(again.headers.get('idempotency-replayed'), 'true');
    assert.deepEqual(again.body, first.body);
    for (const path of ['', '/sealed']) {
      assert.ok(!(await call('GET', path)).text.includes('whsec_'));
    }
    const key = secret.slice('whsec_'.length);
    for (const rows of [
      [await collections.get('webhook_endpoints')?.native().findOne({ _id: 'sealed' })],
      await Work.native().find({ 'input.name': 'sealed' }).limit(9).toArray(),
      await Events.native().find({}).limit(100).toArray(),
    ]) {
      assert.ok(rows.length > 0 && rows[0]);
      assert.ok(!JSON.stringify(rows).includes(key));
    }
    const renewed = (await call('POST', '/sealed/secret')).body as Required<View>;
    assert.notEqual(renewed.secret, secret);
    assert.equal(renewed['secretVersion'], 2);
    assert.ok(!('secret' in ((await call('POST', '', body, headers)).body as View)));
    assert.equal((await call('POST', '/sealed/test')).status, 201);
    const [message] = await sent('sealed');
    assert.ok(message && isSigned(message, secret) && isSigned(message, renewed.secret));
  });

  it('keeps endpoints: names are taken once, changes want the revision, what is removed is gone', async () => {
    const { name } = await make();
    assert.equal(problemOf(await call('POST', '', { name, url: receiver.url })).code, 'state-machine.webhook-exists');
    const read = await call('GET', `/${name}`);
    const tag = String(read.headers.get('etag'));
    const body = { url: `${receiver.url}/other`, enabled: false };
    assert.equal((await call('PUT', `/${name}`, body)).status, 428);
    assert.equal((await call('PUT', `/${name}`, body, { 'if-match': '"other-1"' })).status, 412);
    const changed = await call('PUT', `/${name}`, body, { 'if-match': tag });
    assert.equal(changed.status, 200);
    assert.deepEqual([(changed.body as View)['url'], (changed.body as View)['enabled']], [body.url, false]);
    assert.equal((await call('PUT', `/${name}`, body, { 'if-match': tag })).status, 412);
    assert.equal(problemOf(await call('POST', `/${name}/test`)).code, 'state-machine.webhook-off');
    assert.equal((await call('DELETE', `/${name}`)).status, 204);
    for (const [method, path] of [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/test'],
      ['POST', '/secret'],
      ['GET', '/deliveries'],
    ] as const) {
      assert.equal((await call(method, `/${name}${path}`)).status, 404, `${method} ${path}`);
    }
    assert.equal((await call('POST', '', { name, url: receiver.url })).status, 201);
    const acts = await Events.native()
      .find({ type: 'admin.acted', 'data.target.endpoint': name })
      .sort({ _id: 1 })
      .limit(9)
      .toArray();
    assert.deepEqual(
      acts.map(({ data }) => data['action']),
      ['webhook.make', 'webhook.change', 'webhook.remove', 'webhook.make'],
    );
  });

  it('is for those who may, and takes addresses of the public internet', async () => {
    const { accessToken: token } = await registerSomebody(server, 'Ada');
    assert.equal((await server.call('GET', base, { token })).status, 403);
    for (const url of [
      'http://localhost:8080/',
      'http://[::1]/',
      'http://169.254.169.254/',
      'https://a:b@example.com/',
      'ftp://example.com/',
      'https://example.com:22/',
    ]) {
      const reply = await call('POST', '', { name: 'inside', url });
      assert.equal(problemOf(reply).code, 'request.invalid', url);
    }
  });

  it('delivers signed messages that a receiver can check, and shows them', async () => {
    const { name, secret } = await make();
    const reply = await call('POST', `/${name}/test`);
    assert.equal(reply.status, 201);
    const { delivery } = reply.body as { delivery: string };
    const [message] = await sent(name);
    assert.ok(message && isSigned(message, secret));
    assert.equal(message.headers['webhook-id'], delivery);
    assert.equal(message.headers['content-type'], 'application/json');
    assert.equal((JSON.parse(message.body) as { type: string }).type, 'webhook.test');
    await eventually(async () => {
      const { data } = (await call('GET', `/${name}/deliveries`)).body as { data: Record<string, unknown>[] };
      assert.equal(data.length, 1);
      assert.deepEqual([data[0]?.['id'], data[0]?.['state'], data[0]?.['status']], [delivery, 'done', 204]);
    });
  });

  it('sends a message again under the same id, after a failure and after its process died', async () => {
    const { name, secret } = await make();
    receiver.answer((response) => response.writeHead(503, { 'retry-after': '0' }).end());
    const row = effectRow(server.registry, kind, { endpoint: name, type: 'order.paid', data: { endpoint: name } });
    await ask([row]);
    await sent(name, 1);
    await eventually(async () => {
      const { data } = (await call('GET', `/${name}/deliveries`)).body as { data: Record<string, unknown>[] };
      assert.deepEqual([data[0]?.['attempts'], data[0]?.['error']], [1, 'The endpoint answered 503']);
      assert.ok(typeof data[0]?.['nextAt'] === 'string');
    });
    receiver.answer((response) => response.writeHead(200).end('thanks'));
    await reach([row], ['done']);
    // As after a death between doing and settling: the row is there again as if nobody had done it.
    await Work.native().updateOne(
      { _id: row._id },
      { $set: { state: 'new', attempts: 0, notBefore: new Date(0) }, $unset: { expireAt: 1 } },
    );
    await reach([row], ['done']);
    const messages = await sent(name, 3);
    assert.deepEqual([...new Set(messages.map(({ headers }) => headers['webhook-id']))], [row._id]);
    assert.equal(new Set(messages.map(({ body }) => body)).size, 1);
    assert.ok(messages.every((message) => isSigned(message, secret)));
  });

  it('gives up at once on a no for good, follows no redirect, and switches off what is gone', async () => {
    const { name } = await make();
    receiver.answer((response) => response.writeHead(404).end('who?'));
    assert.match(String((await deliver(name, 'dead')).error), /answered 404$/u);
    receiver.answer((response, { path }) => response.writeHead(307, { location: `${receiver.url}/next${path}` }).end());
    assert.match(String((await deliver(name, 'dead')).error), /answered 307, and redirects are not followed/u);
    assert.ok(receiver.received.every(({ path }) => !path.startsWith('/next')));
    receiver.answer((response) => response.writeHead(410).end());
    const gone = await deliver(name, 'dead');
    assert.equal((await DeadLetters.native().findOne({ _id: gone._id }))?.attempts, 1);
    const view = await call('GET', `/${name}`);
    assert.equal(typeof (view.body as View)['goneAt'], 'string');
    receiver.answer((response) => response.writeHead(204).end());
    assert.match(String((await deliver(name, 'dead')).error), /switched off or gone/u);
    await sent(name, 3);
    const tag = String(view.headers.get('etag'));
    const changed = await call('PUT', `/${name}`, { url: `${receiver.url}/new` }, { 'if-match': tag });
    assert.equal((changed.body as View)['goneAt'], null);
    await deliver(name, 'done');
  });

  it('takes no more of an answer than it needs, keeps nothing of it, and ends what does not end', async () => {
    const { name } = await make();
    let given = 0;
    receiver.answer((response) => {
      response.writeHead(200);
      const part = 'secret of the receiver '.repeat(1_000);
      const more = (): void => {
        do {
          given += part.length;
        } while (!response.destroyed && response.write(part));
      };
      response.on('drain', more);
      more();
    });
    const ended = await deliver(name, 'done');
    assert.deepEqual(ended.result, { status: 200 });
    // What the system's buffers hold of a connection, and not what comes in seconds.
    assert.ok(given < 32 * 1024 * 1024, `${given} bytes were taken in`);
    // An answer whose body never ends is an answer.
    receiver.answer((response) => void response.writeHead(202).write('a'));
    assert.deepEqual((await deliver(name, 'done')).result, { status: 202 });
    receiver.answer((response) => response.writeHead(204).end());
  });

  describe('at the moment of connecting', () => {
    const lookingUp =
      (...addresses: string[]): LookupFunction =>
      (_name, options, done) => {
        const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
        if (options.all) {
          done(null, found);
        } else {
          done(null, String(found[0]?.address), found[0]?.family);
        }
      };
    const knock = async (url: string, lookup: LookupFunction): Promise<unknown> =>
      await post({
        url,
        headers: {},
        body: '{}',
        signal: AbortSignal.timeout(5_000),
        allowed: ['open.test'],
        lookup,
      }).catch((error: unknown) => error);

    it('refuses names that stand for private addresses, alone or among others, whatever they stood for before', async () => {
      const before_ = receiver.received.length;
      for (const inside of [
        '127.0.0.1',
        '10.0.0.1',
        '169.254.169.254',
        '::1',
        '::ffff:127.0.0.1',
        'fd00:ec2::254',
        '0.0.0.0',
        '64:ff9b::7f00:1',
      ]) {
        for (const answer of [[inside], ['93.184.216.34', inside]]) {
          const error = await knock(`http://rebound.test:${receiver.port}/`, lookingUp(...answer));
          assert.ok(error instanceof AddressRefused, `${answer.join()}: ${String(error)}`);
          assert.ok(!error.message.includes(inside));
        }
      }
      assert.equal(receiver.received.length, before_);
    });

    it('lets a host be private that the operator allows', async () => {
      const answer = await knock(`http://open.test:${receiver.port}/`, lookingUp('127.0.0.1'));
      assert.deepEqual(answer, { status: 204 });
    });
  });
});
