// Which devices are new: by network and browser, not by address and version; of too many the forgotten ones go.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { sessionCounts } from '#config/auth.ts';
import { deviceKey, deviceOf } from '#src/services/auth/security/security.policy.ts';
import { seeDevice } from '#src/services/auth/sessions/sessions.policy.ts';

const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';

describe('devices', () => {
  it('are the same within a network and across versions', () => {
    const key = deviceKey('203.0.113.7', firefox);
    assert.equal(deviceKey('203.0.113.99', firefox.replaceAll('128.0', '140.1')), key);
    assert.equal(deviceKey('::ffff:203.0.113.8', firefox), key);
    assert.notEqual(deviceKey('203.0.114.7', firefox), key);
    assert.notEqual(deviceKey('203.0.113.7', firefox.replace('Firefox', 'Seamonkey')), key);
    assert.notEqual(deviceKey('203.0.113.7', firefox.replace('X11; Linux x86_64', 'Windows NT 10.0')), key);
  });

  it('take 48 bits of an IPv6 address, however it is written', () => {
    const key = deviceKey('2001:db8:7::1', firefox);
    assert.equal(deviceKey('2001:0DB8:0007:ffff:1:2:3:4', firefox), key);
    assert.equal(deviceKey('2001:db8:7:1::%eth0', firefox), key);
    assert.notEqual(deviceKey('2001:db8:8::1', firefox), key);
    assert.equal(deviceKey('::1', firefox), deviceKey('0:0:0:0:0:0:0:2', firefox));
  });

  it('are read from any header without falling over it', () => {
    const strange = ['', 'x', 'Mozilla', '\u0000', '('.repeat(300), firefox.repeat(20)];
    for (const agent of strange) {
      assert.ok(deviceOf(agent).browser.length <= 64);
      assert.ok(deviceKey('not an address', agent).length < 400);
    }
    assert.deepEqual(deviceOf(''), { browser: 'unknown', os: 'unknown', type: 'unknown' });
  });

  it('are news but for the first, are written down once a day, and are bounded', () => {
    const at = (days: number): Date => new Date(days * 86_400_000);
    const first = seeDevice(null, 'u', 'a', at(0));
    assert.equal(first.isNew, false);
    const second = seeDevice(first.next, 'u', 'b', at(0.5));
    assert.deepEqual([second.isNew, second.next?.devices.length, second.next?.rev], [true, 2, 1]);
    assert.deepEqual(seeDevice(second.next, 'u', 'a', at(0.9)), { isNew: false, next: null });
    assert.deepEqual(seeDevice(second.next, 'u', 'a', at(1)).next?.devices[0], { key: 'a', seenAt: at(1) });
    let known = first.next;
    for (let index = 0; index < sessionCounts.devices; index += 1) {
      known = seeDevice(known, 'u', `more-${index}`, at(2 + index)).next;
    }
    assert.equal(known?.devices.length, sessionCounts.devices);
    assert.equal(seeDevice(known, 'u', 'a', at(99)).isNew, true, 'the first one was forgotten');
  });
});
