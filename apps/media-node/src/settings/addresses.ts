import { isIP, isIPv4 } from 'node:net';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { ConfigError } from '@sluice/shared';

/** Where media is listened for, and what the other side is told where that address would mean nothing to it. */
export interface ListenAddress {
  ip: string;
  announcedAddress?: string;
}

type Interfaces = NodeJS.Dict<NetworkInterfaceInfo[]>;
export interface AddressSettings {
  rtcListenIps: readonly string[];
  rtcAnnouncedAddresses: readonly string[];
  pipeListenIp?: string | undefined;
  pipeAnnouncedAddress?: string | undefined;
}

/**
 * Where clients reach this node. `0.0.0.0` is announced at the host's first IPv4 address that is not loopback, `::` at
 * those of both families. Without a setting it is `0.0.0.0`, or `::` on a host that has IPv6 alone.
 *
 * @throws ConfigError where the host has no such address. A client that is told 127.0.0.1 reaches itself.
 */
export function rtcAddresses(settings: AddressSettings, interfaces: Interfaces = networkInterfaces()): ListenAddress[] {
  const { rtcListenIps, rtcAnnouncedAddresses } = settings;
  const announcedFor = (ip: string) =>
    rtcAnnouncedAddresses.find((address) => isIP(address) === isIP(ip)) ??
    rtcAnnouncedAddresses.find((address) => isIP(address) === 0) ??
    (isWildcard(ip) ? outsideAddress(ip, interfaces) : undefined);
  const listen = rtcListenIps.length > 0 ? rtcListenIps : ['0.0.0.0', '::'];
  const wanted = listen.includes('::') ? [...new Set(['0.0.0.0', ...listen])] : listen;
  const found = wanted.map((ip) => ({ ip, announced: announcedFor(ip) }));
  const usable = found.filter(({ ip, announced }) => !isWildcard(ip) || announced !== undefined);
  // Not set, and the host has IPv4: clients of both families reach it there, and it is one candidate instead of two.
  const chosen = rtcListenIps.length > 0 ? usable : usable.slice(0, 1);
  if (chosen.length === 0) throw new ConfigError([noAddress('RTC_LISTEN_IP', listen.join(','), interfaces)]);
  return chosen.map(({ ip, announced }) => ({ ip, ...(announced !== undefined && { announcedAddress: announced }) }));
}

/**
 * Where other nodes reach this one. Without settings of its own, as clients do.
 *
 * @throws ConfigError where there is no such address.
 */
export function pipeAddress(settings: AddressSettings, interfaces: Interfaces = networkInterfaces()): ListenAddress {
  const { pipeListenIp, pipeAnnouncedAddress } = settings;
  const [asClients] = pipeListenIp === undefined ? rtcAddresses(settings, interfaces) : [];
  const ip = pipeListenIp ?? asClients?.ip ?? '0.0.0.0';
  const announcedAddress =
    pipeAnnouncedAddress ??
    asClients?.announcedAddress ??
    (isWildcard(ip) ? outsideAddress(ip, interfaces) : undefined);
  if (announcedAddress === undefined && isWildcard(ip)) {
    throw new ConfigError([noAddress('PIPE_LISTEN_IP', ip, interfaces)]);
  }
  return { ip, ...(announcedAddress !== undefined && { announcedAddress }) };
}

/** What is wrong between the address settings, whatever the host has. */
export function addressFaults(settings: AddressSettings): string[] {
  const { rtcListenIps, rtcAnnouncedAddresses, pipeListenIp, pipeAnnouncedAddress } = settings;
  const faults: string[] = [];
  const name = rtcAnnouncedAddresses.find((address) => isIP(address) === 0);
  if (name !== undefined && pipeAnnouncedAddress === undefined && pipeListenIp === undefined) {
    faults.push(
      `RTC_ANNOUNCED_ADDRESS is ${JSON.stringify(name)}, a name, and other nodes send to IP addresses only: ` +
        'set PIPE_ANNOUNCED_ADDRESS to the one where they reach this node (a private one is enough)',
    );
  }
  const families = rtcAnnouncedAddresses.map(isIP);
  if (new Set(families).size < families.length) {
    faults.push(
      'RTC_ANNOUNCED_ADDRESS has two addresses of one family, or two names: one is announced for each family',
    );
  }
  if (new Set(rtcListenIps).size < rtcListenIps.length) faults.push('RTC_LISTEN_IP has an address twice');
  for (const address of rtcAnnouncedAddresses.filter((one) => isIP(one) !== 0)) {
    const listening = rtcListenIps.filter((ip) => isIP(ip) === isIP(address) || ip === '::');
    if (rtcListenIps.length > 0 && listening.length !== 1) {
      faults.push(
        `RTC_ANNOUNCED_ADDRESS has ${address}, and RTC_LISTEN_IP ${listening.length} addresses of its family: ` +
          'it stands for exactly one',
      );
    }
  }
  if ([...rtcAnnouncedAddresses, pipeAnnouncedAddress].some((one) => one !== undefined && isWildcard(one))) {
    faults.push('0.0.0.0 and :: are addresses to listen on, and none that others can be told');
  }
  return faults;
}

const isWildcard = (ip: string): boolean => ip === '0.0.0.0' || ip === '::';

/** The first address of the wildcard's family that others can reach; of IPv6, a global one before a unique local one. */
function outsideAddress(wildcard: string, interfaces: Interfaces): string | undefined {
  const outside = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, address }) => !internal && isIPv4(address) === isIPv4(wildcard) && !/^fe80:/i.test(address))
    .map(({ address }) => address);
  return outside.find((address) => !/^f[cd]/i.test(address)) ?? outside[0];
}

function noAddress(setting: string, given: string, interfaces: Interfaces): string {
  const all = Object.values(interfaces).flatMap((addresses) => (addresses ?? []).map(({ address }) => address));
  return (
    `${setting} is ${given}, and this host has no such address that others can reach (it has ${all.join(', ')}): ` +
    'set it to 127.0.0.1 for this machine alone, or name the address to announce'
  );
}
