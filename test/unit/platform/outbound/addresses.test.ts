// Which addresses may be called: the known ways of reaching inside by a URL, each with what is said to it.
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { faultOfUrl } from '#src/platform/outbound/addresses.ts';

const inside = 'is not one of the public internet';

/** OWASP's SSRF prevention cheat sheet, the IANA special-purpose registries, and PortSwigger's list of spellings. */
const refused: Readonly<Record<string, readonly string[]>> = {
  [inside]: [
    'http://127.0.0.1/',
    'http://127.1/',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0177.0.0.1/',
    'http://127.0.0.1./',
    'http://127。0。0。1/',
    'http://１２７.0.0.1/',
    'http://localhost/',
    'http://LOCALHOST./',
    'http://a.localhost/',
    'http://0/',
    'http://0.0.0.0:8080/',
    'http://10.1.2.3/',
    'http://172.31.255.255/',
    'http://192.168.0.1/',
    'http://100.64.0.1/',
    'http://169.254.169.254/latest/meta-data/',
    'http://[::1]/',
    'http://[::]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:a9fe:a9fe]/',
    'http://[::127.0.0.1]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[2002:7f00:1::]/',
    'http://[2001:0:7f00:1::]/',
    'http://[fe80::1]/',
    'http://[fd00:ec2::254]/',
    'http://[ff02::1]/',
    'http://224.0.0.1/',
    'http://255.255.255.255/',
    'http://198.18.0.1/',
  ],
  'must begin with https:// or http://': [
    'file:///etc/passwd',
    'ftp://example.com/',
    'gopher://example.com:6379/_FLUSHALL',
    'javascript:alert(1)',
    'data:text/plain,x',
  ],
  'may hold no user name and no password': [
    'https://example.com@10.0.0.1/',
    'https://user:password@example.com/',
    'https://:x@example.com/',
  ],
  'may hold no fragment': ['https://example.com/#@10.0.0.1'],
  'may name the ports 80, 443, and 1024 and above': [
    'https://example.com:22/',
    'http://example.com:25/',
    'http://example.com:0/',
  ],
  'is no URL of at most 2048 characters': [
    '',
    'example.com',
    'http://',
    'http://exa mple.com/',
    `https://example.com/${'a'.repeat(2_048)}`,
  ],
};

const taken = [
  'https://example.com/hooks?of=me',
  'http://example.com:8080/',
  'https://example.com:443/',
  'https://127.0.0.1.example.com/',
  'https://8.8.8.8/',
  'https://[2606:4700:4700::1111]/',
  'https://bücher.example/',
];

describe('addresses that people give', () => {
  for (const [fault, urls] of Object.entries(refused)) {
    for (const url of urls) {
      it(`refuses ${url.slice(0, 60)}`, () => assert.equal(faultOfUrl(url, []), fault));
    }
  }

  for (const url of taken) {
    it(`takes ${url}`, () => assert.equal(faultOfUrl(url, []), null));
  }

  it('takes a private host that the operator allows, by that name and no other', () => {
    const allowed = ['127.0.0.1', 'localhost', 'fd00::7'];
    for (const url of ['http://127.0.0.1:8080/', 'http://2130706433/', 'http://localhost./', 'http://[fd00::7]/']) {
      assert.equal(faultOfUrl(url, allowed), null, url);
    }
    for (const url of ['http://127.0.0.2/', 'http://[::ffff:127.0.0.1]/', 'http://a.localhost/', 'http://[fd00::8]/']) {
      assert.equal(faultOfUrl(url, allowed), inside, url);
    }
  });
});
