import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';

/** Bridges of containers and virtual machines: other machines don't reach them. */
const inner = /^(docker|br-|veth|virbr|vmnet|cni|lxc)/;

/** This machine's addresses beside loopback, those that other machines reach first. */
export function outsideAddresses(interfaces = networkInterfaces()): string[] {
  const named = Object.entries(interfaces).flatMap(([name, all]) => (all ?? []).map((one) => ({ ...one, name })));
  return named
    .filter(({ internal, address }) => !internal && !/^fe80:/i.test(address))
    .sort(
      (a, b) =>
        Number(inner.test(a.name)) - Number(inner.test(b.name)) ||
        Number(isIPv6(a.address)) - Number(isIPv6(b.address)),
    )
    .map(({ address }) => address);
}

export const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::';

/** Where a page of this cluster is opened: by every address where the host is all of them. */
export function pageUrls(host: string, port: number): string[] {
  if (host === '127.0.0.1' || host === '::1') return [`http://localhost:${port}`];
  if (!isWildcard(host)) return [`http://${inUrl(host)}:${port}`];
  const addresses = outsideAddresses().filter((address) => host === '::' || !isIPv6(address));
  return ['localhost', ...addresses.map(inUrl)].map((name) => `http://${name}:${port}`);
}

const inUrl = (host: string): string => (isIPv6(host) ? `[${host}]` : host);

/** What a person has to know of who can reach it. `alsoAt`: where media is received beside loopback. */
export function reachNotes(host: string, alsoAt: string | undefined): string[] {
  if (isWildcard(host)) {
    return [
      'Other machines reach it. Their browsers give a page the camera over https alone:',
      'put a proxy with a certificate before it (README.md).',
    ];
  }
  if (host !== '127.0.0.1') return [];
  if (alsoAt === undefined) {
    return ['Firefox gets no media here: it uses no loopback address, and this machine has no other.'];
  }
  return [
    `Media is received at ${alsoAt} too, on UDP and TCP ports of the system's choice, which this`,
    'network can reach: Firefox uses no loopback address. The page itself is on localhost alone.',
  ];
}
