// Messages against the published scheme of Standard Webhooks, and what answers mean.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { RetryableError, TerminalError } from '#src/platform/effects/effect.ts';
import { newId } from '#src/platform/ids.ts';
import { waitOf } from '#src/platform/outbound/post.ts';
import type { WebhookEndpoint } from '#src/services/state-machine/webhooks/webhooks.model.ts';
import {
  EndpointGone,
  judge,
  messageOf,
  newSealedSecret,
  secretOf,
  secretsOf,
} from '#src/services/state-machine/webhooks/webhooks.policy.ts';
import { isSigned } from '../../../support/receiver.ts';

const endpoint: WebhookEndpoint = {
  _id: 'orders',
  url: 'https://example.com/',
  enabled: true,
  sealedSecret: '',
  secretVersion: 1,
  savedBy: 'ada',
  createdAt: new Date(0),
  updatedAt: new Date(0),
  removedAt: null,
  rev: 7,
};

describe('messages of webhooks', () => {
  it('are checked here as the published test vector of the scheme wants it', () => {
    // standard-webhooks/standard-webhooks, libraries/*: the vector that the libraries of all languages are tested with.
    const headers = {
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    };
    const vector = { headers, body: '{"test": 2432232314}' };
    const at = new Date(1_614_265_330_000);
    assert.ok(isSigned(vector, 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', at));
    assert.ok(!isSigned({ ...vector, body: '{"test": 2432232315}' }, 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', at));
  });

  it('pass the check of a receiver, body and id the same at every attempt', () => {
    const secret = secretOf({ _id: 'orders', sealedSecret: newSealedSecret('orders') });
    assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/u);
    const before = Date.now();
    const id = newId();
    const message = { type: 'order.paid', data: { text: 'Łódź 😀', amount: 5 } };
    const first = messageOf(id, message, [secret], new Date());
    const second = messageOf(id, message, [secret], new Date(Date.now() + 60_000));
    assert.ok(isSigned(first, secret));
    assert.ok(isSigned(second, secret));
    assert.equal(first.body, second.body);
    assert.equal(first.headers['webhook-id'], second.headers['webhook-id']);
    assert.notEqual(first.headers['webhook-timestamp'], second.headers['webhook-timestamp']);
    assert.ok(!isSigned(first, secretOf({ _id: 'orders', sealedSecret: newSealedSecret('orders') })));
    const body = JSON.parse(first.body) as { type: string; timestamp: string; data: unknown };
    assert.deepEqual({ ...body, timestamp: '' }, { ...message, timestamp: '' });
    const at = Date.parse(body.timestamp);
    assert.ok(before <= at && at <= Date.now());
  });

  it('are signed with the secret of before, too, for a day after a new one', () => {
    const sealed = { _id: 'orders', sealedSecret: newSealedSecret('orders'), oldSecret: newSealedSecret('orders') };
    const oldUntil = new Date(Date.now() + 1_000);
    const old = secretOf({ _id: 'orders', sealedSecret: sealed.oldSecret });
    const now = new Date();
    const both = messageOf(newId(), { type: 'a.b', data: {} }, secretsOf({ ...sealed, oldUntil }, now), now);
    assert.ok(isSigned(both, secretOf(sealed)) && isSigned(both, old));
    const late = messageOf(newId(), { type: 'a.b', data: {} }, secretsOf({ ...sealed, oldUntil }, oldUntil), now);
    assert.ok(isSigned(late, secretOf(sealed)) && !isSigned(late, old));
  });

  it('are sealed with a secret that opens for their endpoint alone', () => {
    assert.throws(() => secretOf({ _id: 'others', sealedSecret: newSealedSecret('orders') }), TerminalError);
  });
});

describe('answers of endpoints', () => {
  it('say yes with 2xx', () => {
    for (const status of [200, 201, 202, 204, 299]) {
      judge(endpoint, { status }, 1_000);
    }
  });

  it('say no for good, once and for all with 410', () => {
    for (const status of [301, 302, 307, 400, 401, 403, 404, 405, 409, 413, 422, 451]) {
      assert.throws(() => judge(endpoint, { status }, 1_000), TerminalError, String(status));
    }
    assert.throws(
      () => judge(endpoint, { status: 410 }, 1_000),
      (error) => error instanceof EndpointGone && error.rev === 7,
    );
  });

  it('say later, with the wait they ask for and no longer than is waited at all', () => {
    for (const status of [408, 425, 429, 500, 502, 503, 504]) {
      assert.throws(
        () => judge(endpoint, { status, retryAfterMs: 5_000 }, 3_000),
        (error) => error instanceof RetryableError && error.afterMs === 3_000,
        String(status),
      );
    }
  });

  it('ask for a wait in seconds or by a date', () => {
    const now = new Date('2026-11-24T04:00:00Z');
    assert.equal(waitOf('120', now), 120_000);
    assert.equal(waitOf('Tue, 24 Nov 2026 04:01:00 GMT', now), 60_000);
    assert.equal(waitOf('Tue, 24 Nov 2026 03:00:00 GMT', now), 0);
    for (const odd of [undefined, '', '-1', '1.5', 'soon', '9'.repeat(12)]) {
      assert.equal(waitOf(odd, now), undefined);
    }
  });
});
