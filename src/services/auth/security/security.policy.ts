// What a user agent and an address say about a device. Pure.
import bowser from 'bowser';

/** A device as a person recognises it. */
export interface Device {
  readonly browser: string;
  readonly os: string;
  readonly type: string;
}

const unknown = 'unknown';
const label = (...parts: (string | undefined)[]): string => parts.filter(Boolean).join(' ').slice(0, 64) || unknown;

/** The device behind a user agent; `unknown` for what the header does not tell. */
export function deviceOf(userAgent: string): Device {
  if (userAgent === '') {
    return { browser: unknown, os: unknown, type: unknown };
  }
  const { browser, os, platform } = bowser.parse(userAgent.slice(0, 256));
  return {
    browser: label(browser.name, browser.version?.split('.')[0]),
    os: label(os.name, os.versionName ?? os.version),
    type: label(platform.type),
  };
}

/**
 * What makes a device another one: the network it comes from (the first 24 bits of an IPv4 address, 48 of an IPv6 one)
 * and the names of its browser and system. Versions change by themselves and say nothing.
 */
export function deviceKey(ip: string, userAgent: string): string {
  const { browser, os } = bowser.parse(userAgent.slice(0, 256) || unknown);
  return `${networkOf(ip)} ${label(browser.name)} ${label(os.name)}`;
}

function networkOf(ip: string): string {
  const four = /(?:^|:)((?:\d{1,3}\.){2}\d{1,3})\.\d{1,3}$/u.exec(ip)?.[1];
  if (four !== undefined) {
    return four;
  }
  const [head = '', tail] = ip.toLowerCase().split('%')[0]?.split('::') ?? [];
  const groups = head === '' ? [] : head.split(':');
  const behind = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(8 - groups.length - behind.length, 0);
  const all = [...groups, ...Array.from({ length: zeros }, () => '0'), ...behind];
  return all
    .slice(0, 3)
    .map((group) => group.replace(/^0+(?=.)/u, ''))
    .join(':');
}
