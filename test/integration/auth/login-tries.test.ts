// Guessing is slowed down, and nobody keeps somebody else out by it: the one check of passwords, from many addresses.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import mongoose from 'mongoose';
import { loginTries } from '#config/auth.ts';
import { checkPassword } from '#src/services/auth/index.ts';
import { openBrowserSession } from '#src/platform/auth/browser-sessions.ts';
import { homeOf, sourceOf } from '#src/platform/auth/networks.ts';
import { redisKey, sharedClient } from '#src/platform/redis/clients.ts';
import { AppError } from '#src/platform/errors.ts';
import { authService } from '#src/services/auth/index.ts';
import { userService } from '#src/services/user/index.ts';
import { hashesDone, password, registerSomebody } from '../../support/accounts.ts';
import { problemOf, startServer, type TestServer } from '../../support/http.ts';

describe('tries to log in', function () {
  this.timeout(30_000);
  let server: TestServer;
  before(async () => {
    server = await startServer([userService, authService]);
  });
  after(async () => await server.close());

  /** 200, 401 or 429, from an address. */
  const attempt = async (ip: string, email: string, secret = 'wrong password'): Promise<number> => {
    try {
      return (await checkPassword(email, secret, { ip, userAgent: 'test' })) ? 200 : 401;
    } catch (error) {
      assert.ok(error instanceof AppError);
      const seconds = Number(error.headers['Retry-After']);
      assert.ok(seconds >= 1 && seconds <= loginTries.windowMs / 1_000);
      return error.problem.status;
    }
  };
  /** Wrong tries from as many networks as it takes to be above what all addresses together have. */
  const besiege = async (email: string, network: string): Promise<void> => {
    for (let from = 0; from < loginTries.account / loginTries.addressAndAccount; from += 1) {
      for (let time = 0; time < loginTries.addressAndAccount; time += 1) {
        await attempt(`${network}.${from}`, email);
      }
    }
    assert.equal(await attempt(`${network}.200`, email), 401);
  };
  const heldUp = async (userId: string): Promise<number> =>
    await mongoose.connection.collection('security_events').countDocuments({ userId, kind: 'login.held-up' });

  it('are few from one address at one account, are not looked at beyond, and the owner is told once', async () => {
    const { user } = await registerSomebody(server);
    const body = { email: user.email, password: 'wrong password' };
    const before = await hashesDone();
    const replies = [];
    for (let time = 0; time < loginTries.addressAndAccount + 3; time += 1) {
      replies.push(await server.call('POST', '/api/auth/login', { body }));
    }
    const [last] = replies.slice(-1);
    assert.equal((await hashesDone()) - before, loginTries.addressAndAccount);
    assert.ok(last && problemOf(last).code === 'auth.too-many-tries');
    assert.ok(Number(last.headers.get('retry-after')) > 0);
    assert.equal((await server.call('POST', '/api/auth/login', { body: { ...body, password } })).status, 429);
    assert.equal(await heldUp(user.id), 1);
  });

  it('say nothing of whether there is an account', async () => {
    const { user } = await registerSomebody(server);
    const seen = [];
    for (const email of [user.email, 'nobody.there@example.test']) {
      const statuses = [];
      for (let time = 0; time < loginTries.addressAndAccount + 2; time += 1) {
        statuses.push(await attempt(`198.51.100.${seen.length}`, email));
      }
      seen.push(statuses);
    }
    assert.deepEqual(seen[0], seen[1]);
  });

  it('of strangers from everywhere keep the owner out nowhere', async () => {
    const { user } = await registerSomebody(server);
    await openBrowserSession({ userId: user.id, userAgent: '', ip: '203.0.113.7' });
    await besiege(user.email, '192.0.2');
    // A stranger's address has fewer tries now, never none.
    const stranger = [];
    for (let time = 0; time <= loginTries.whileBesieged; time += 1) {
      stranger.push(await attempt('198.18.0.1', user.email));
    }
    assert.deepEqual(stranger, [...Array<number>(loginTries.whileBesieged).fill(401), 429]);
    // The owner: from where no one ever was, and, mistyping, from home on another day's address.
    assert.equal(await attempt('198.18.77.5', user.email, password), 200);
    for (let time = 1; time < loginTries.addressAndAccount; time += 1) {
      assert.equal(await attempt('203.0.113.200', user.email), 401, `mistyped ${time} times`);
    }
    assert.equal(await attempt('203.0.113.200', user.email, password), 200);
  });

  it('at many accounts from one address hold that address up, but not a device that is at home there', async () => {
    const { user } = await registerSomebody(server);
    await openBrowserSession({ userId: user.id, userAgent: '', ip: '100.64.0.9' });
    for (let time = 0; time <= loginTries.address; time += 1) {
      await attempt('100.64.0.9', `guess.${time}@example.test`);
    }
    assert.equal(await attempt('100.64.0.9', 'one.more@example.test'), 429);
    assert.equal(await attempt('100.64.0.9', user.email, password), 200);
  });

  it('are counted in this process where Redis forgets', async () => {
    const { user } = await registerSomebody(server);
    for (let time = 0; time < loginTries.addressAndAccount; time += 1) {
      await attempt('100.65.0.1', user.email);
    }
    const keys = await sharedClient().keys(redisKey('tries', '*'));
    assert.ok(keys.length > 0 && !keys.join().includes('@') && !keys.join().includes('100.65'));
    await sharedClient().del(...keys);
    assert.equal(await attempt('100.65.0.1', user.email, password), 429);
  });

  it('that succeed are not counted', async () => {
    const { user } = await registerSomebody(server);
    for (let time = 0; time < loginTries.addressAndAccount + 3; time += 1) {
      assert.equal(await attempt('100.66.0.1', user.email, password), 200);
    }
  });

  it('take an IPv6 customer for one address, and a mapped IPv4 one for what it is', () => {
    assert.equal(sourceOf('2001:db8:0:1200::1'), sourceOf('2001:0DB8::12ff:a:b:c:d'));
    assert.notEqual(sourceOf('2001:db8:0:1200::1'), sourceOf('2001:db8:0:1300::1'));
    assert.equal(homeOf('2001:db8:0:1300::1'), homeOf('2001:db8:0:1200::1'));
    assert.equal(sourceOf('::ffff:192.0.2.1'), '192.0.2.1');
    assert.equal(homeOf('192.0.2.1'), homeOf('192.0.2.254'));
    assert.notEqual(sourceOf('192.0.2.1'), sourceOf('192.0.2.254'));
  });
});
