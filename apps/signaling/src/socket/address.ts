import { isIP, isIPv6 } from 'node:net';

/**
 * Where a client is. The last entry of `x-forwarded-for` is the one that our own proxy has written; what is no address
 * counts nothing, so that nothing longer than an address is ever remembered.
 */
export function addressOf(remote: string, forwarded: string): string {
  const last = forwarded.slice(forwarded.lastIndexOf(',') + 1).trim();
  const claimed = withoutPort(last);
  return isIP(claimed) === 0 ? remote : claimed;
}

/** One key for all addresses of a client's host: an IPv6 host has a whole /64 to itself. */
export function hostOf(address: string): string {
  if (!isIPv6(address)) return address;
  const groups = expanded(address);
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (!isMapped) return groups.slice(0, 4).map(hex).join(':');
  return [6, 7].flatMap((index) => [(groups[index] ?? 0) >> 8, (groups[index] ?? 0) & 0xff]).join('.');
}

const hex = (group: number): string => group.toString(16);

/** Some proxies write the port behind the address. */
function withoutPort(entry: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(entry)?.[1];
  if (bracketed !== undefined) return bracketed;
  return entry.split(':').length === 2 ? entry.slice(0, entry.indexOf(':')) : entry;
}

/** The eight groups of an IPv6 address in any of its written forms. */
function expanded(address: string): number[] {
  const [plain = ''] = address.split('%');
  const [head = '', tail] = withoutDotted(plain).split('::');
  const front = groupsOf(head);
  if (tail === undefined) return front;
  const back = groupsOf(tail);
  return [...front, ...Array.from({ length: 8 - front.length - back.length }, () => 0), ...back];
}

const groupsOf = (text: string): number[] =>
  text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));

/** `::ffff:192.0.2.1` has its last two groups written as an IPv4 address. */
function withoutDotted(address: string): string {
  const dotted = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  if (!dotted) return address;
  const [a = 0, b = 0, c = 0, d = 0] = dotted.slice(1).map(Number);
  return `${address.slice(0, dotted.index)}${hex(a * 256 + b)}:${hex(c * 256 + d)}`;
}
