// Which addresses are counted as one.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { networkOf } from '#src/platform/http/network.ts';

describe('the network of an address', () => {
  it('is the address itself for IPv4, also where it is mapped into IPv6', () => {
    for (const [address, network] of [
      ['192.0.2.7', '192.0.2.7'],
      ['::ffff:192.0.2.7', '192.0.2.7'],
      ['::FFFF:192.0.2.7', '192.0.2.7'],
    ] as const) {
      assert.equal(networkOf(address), network);
    }
  });

  it('is the first 64 bits of IPv6, however it is written', () => {
    for (const address of [
      '2001:db8:1:2::1',
      '2001:db8:1:2:ffff:ffff:ffff:ffff',
      '2001:0DB8:0001:0002::',
      '2001:db8:1:2::192.0.2.7',
    ]) {
      assert.equal(networkOf(address), '2001:db8:1:2::/64', address);
    }
    assert.equal(networkOf('::1'), '0:0:0:0::/64');
    assert.equal(networkOf('2001:db8::1'), '2001:db8:0:0::/64');
    assert.equal(networkOf('fe80::1%eth0'), 'fe80:0:0:0::/64');
    assert.notEqual(networkOf('2001:db8:1:3::1'), networkOf('2001:db8:1:2::1'));
  });

  it('is whatever was said where it is no address: it is counted all the same', () => {
    for (const odd of ['', 'unknown', 'a:b', ':::', '1:2:3:4:5:6:7:8:9']) {
      assert.equal(networkOf(odd), odd);
    }
  });
});
