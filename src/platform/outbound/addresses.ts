// Which addresses that people gave may be called at all. Pure: what a name stands for is only known when it is connected
// to, and judged again there (post.ts).
import { BlockList, isIP } from 'node:net';

/** Longest address that is kept and called. */
export const maxUrl = 2_048;

const special4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];
/** What is not global unicast (2000::/3), and of that what stands for something else (RFC 6890, the IANA registry). */
const special6 = ['::/3', '4000::/2', '8000::/1', '2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

function listOf(ranges: readonly string[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [net = '', prefix = ''] = range.split('/');
    list.addSubnet(net, Number(prefix), family);
  }
  return list;
}

// A list for each family: one that holds both takes an IPv4 address for a mapped one, too.
const lists = { 4: listOf(special4, 'ipv4'), 6: listOf(special6, 'ipv6') } as const;

/** True for addresses that are none of the public internet: private, loopback, link-local, metadata, mapped, multicast. */
function isSpecial(address: string): boolean {
  const family = isIP(address);
  return (family === 4 && lists[4].check(address, 'ipv4')) || (family === 6 && lists[6].check(address, 'ipv6'));
}

/** The host of an address as operators write it: without the brackets of IPv6 and the dot at the end. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/gu, '').replace(/\.$/u, '');
}

/** How an address may look, and what is said where it does not. */
const rules: readonly (readonly [fits: (url: URL) => boolean, fault: string])[] = [
  [({ protocol }) => protocol === 'https:' || protocol === 'http:', 'must begin with https:// or http://'],
  [({ username, password }) => username === '' && password === '', 'may hold no user name and no password'],
  [({ hash }) => hash === '', 'may hold no fragment'],
  [
    ({ port }) => port === '' || ['80', '443'].includes(port) || Number(port) >= 1_024,
    'may name the ports 80, 443, and 1024 and above',
  ],
];

/**
 * Null where an address may be kept and called, else what is wrong with it, to follow "The address ". The parser of URLs
 * has turned every spelling of an IPv4 address (octal, hexadecimal, one number) into the usual one by then.
 * @param allowed hosts the operator lets be private
 */
export function faultOfUrl(text: string, allowed: readonly string[]): string | null {
  if (text.length > maxUrl || !URL.canParse(text)) {
    return `is no URL of at most ${maxUrl} characters`;
  }
  const url = new URL(text);
  const broken = rules.find(([fits]) => !fits(url));
  if (broken) {
    return broken[1];
  }
  const host = hostOf(url);
  const here = host === 'localhost' || host.endsWith('.localhost') || isSpecial(host);
  return here && !allowed.includes(host) ? 'is not one of the public internet' : null;
}
