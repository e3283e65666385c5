// Whose address is it? Called by the rate limits and the socket door.
import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';

/** Who connects, behind `hops` proxies that each add the address they were asked from: as Koa's `ctx.ip` for requests. */
export function addressOf({ headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>, hops: number): string {
  const passedOn = hops > 0 ? String(headers['x-forwarded-for'] ?? '').split(',') : [];
  return passedOn.slice(-hops)[0]?.trim() || (socket.remoteAddress ?? '');
}

/** The eight groups of an IPv6 address; `::` is filled up. */
function groupsOf(address: string): string[] {
  const [head = '', tail] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  return tail === undefined
    ? before
    : [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after];
}

const embedded = /^(?:::ffff:)(?:0:)?(\d{1,3}(?:\.\d{1,3}){3})$/iu;

/**
 * What is counted as one address: an IPv4 address, also one that is mapped into IPv6, or the first 64 bits of an IPv6
 * address, because a single customer is given at least that many.
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) {
    return address;
  }
  const mapped = embedded.exec(address)?.[1];
  if (mapped !== undefined) {
    return mapped;
  }
  const [plain = ''] = address.split('%');
  if (!isIPv6(plain)) {
    return address;
  }
  const groups = groupsOf(plain).slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
