// Which addresses are taken for one: what one household or machine can move in. Called where tries are counted and where
// devices are known again.
import { isIPv6 } from 'node:net';

/** The eight groups of an IPv6 address, four digits each. */
function groupsOf(ip: string): string[] {
  const [head = '', tail] = (ip.split('%')[0] ?? '').split('::');
  const begin = head === '' ? [] : head.split(':');
  const end = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - begin.length - end.length;
  return [...begin, ...Array<string>(Math.max(zeros, 0)).fill('0'), ...end].map((group) => group.padStart(4, '0'));
}

const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/iu;

function cut(ip: string, v4Bytes: number, v6Digits: number): string {
  const plain = mapped.exec(ip)?.[1] ?? ip;
  return isIPv6(plain)
    ? groupsOf(plain).join('').toLowerCase().slice(0, v6Digits)
    : plain.split('.').slice(0, v4Bytes).join('.');
}

/** Who tries: an IPv4 address, or the /56 that an IPv6 customer is given. */
export function sourceOf(ip: string): string {
  return cut(ip, 4, 14);
}

/** Where a device is at home: the /24 or /48 that its addresses of other days are in too. */
export function homeOf(ip: string): string {
  return cut(ip, 3, 12);
}
