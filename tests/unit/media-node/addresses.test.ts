import { ConfigError } from '@sluice/shared';
import type { NetworkInterfaceInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import { readNodeConfig } from '../../../apps/media-node/src/config.ts';
import { pipeAddress, rtcAddresses } from '../../../apps/media-node/src/settings/addresses.ts';

const at = (address: string, internal = false) =>
  ({ address, internal, family: address.includes(':') ? 'IPv6' : 'IPv4' }) as NetworkInterfaceInfo;
const loopback = [at('127.0.0.1', true), at('::1', true)];
const hosts = {
  both: { lo: loopback, eth0: [at('192.0.2.2'), at('fe80::1'), at('fd00::2'), at('2001:db8::2')] },
  ipv4: { lo: loopback, eth0: [at('192.0.2.2'), at('fe80::1')] },
  ipv6: { lo: loopback, eth0: [at('fe80::1'), at('2001:db8::2')] },
  alone: { lo: loopback },
};

const told = (host: keyof typeof hosts, settings: Record<string, string> = {}): string[] =>
  rtcAddresses(readNodeConfig(settings), hosts[host]).map(
    ({ ip, announcedAddress = ip }) => `${ip} ${announcedAddress}`,
  );
const toldNodes = (host: keyof typeof hosts, settings: Record<string, string> = {}): string => {
  const { ip, announcedAddress = ip } = pipeAddress(readNodeConfig(settings), hosts[host]);
  return `${ip} ${announcedAddress}`;
};
const faultOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error.faults.join('\n');
    throw error;
  }
  return '';
};

describe('what clients are told', () => {
  it('[ST13] without settings: the first address outside, of IPv6 where there is no IPv4', () => {
    expect(told('both')).toEqual(['0.0.0.0 192.0.2.2']);
    expect(told('ipv4')).toEqual(['0.0.0.0 192.0.2.2']);
    expect(told('ipv6')).toEqual([':: 2001:db8::2']);
  });

  it('[ST13] :: means both families, as far as the host has them', () => {
    const RTC_LISTEN_IP = '::';
    expect(told('both', { RTC_LISTEN_IP })).toEqual(['0.0.0.0 192.0.2.2', ':: 2001:db8::2']);
    expect(told('ipv4', { RTC_LISTEN_IP })).toEqual(['0.0.0.0 192.0.2.2']);
    expect(told('ipv6', { RTC_LISTEN_IP })).toEqual([':: 2001:db8::2']);
  });

  it('[ST13] several addresses, and what stands for them', () => {
    expect(told('both', { RTC_LISTEN_IP: '127.0.0.1, 192.0.2.2' })).toEqual([
      '127.0.0.1 127.0.0.1',
      '192.0.2.2 192.0.2.2',
    ]);
    const announced = { RTC_ANNOUNCED_ADDRESS: '203.0.113.9' };
    expect(told('both', announced)).toEqual(['0.0.0.0 203.0.113.9']);
    expect(told('both', { ...announced, RTC_LISTEN_IP: '::' })).toEqual(['0.0.0.0 203.0.113.9', ':: 2001:db8::2']);
    expect(told('alone', announced)).toEqual(['0.0.0.0 203.0.113.9']);
    const name = { RTC_ANNOUNCED_ADDRESS: 'sfu.example.org', PIPE_ANNOUNCED_ADDRESS: '10.0.0.2' };
    expect(told('both', name)).toEqual(['0.0.0.0 sfu.example.org']);
    expect(told('both', { ...name, RTC_LISTEN_IP: '192.0.2.2' })).toEqual(['192.0.2.2 sfu.example.org']);
  });

  it('[ST13] loopback is never told in place of an address: the fault names the setting and what to do', () => {
    for (const settings of [{}, { RTC_LISTEN_IP: '0.0.0.0' }, { RTC_LISTEN_IP: '::' }] as Record<string, string>[]) {
      expect(faultOf(() => told('alone', settings))).toMatch(/^RTC_LISTEN_IP is .*127\.0\.0\.1.*set it to/);
    }
    expect(faultOf(() => told('ipv6', { RTC_LISTEN_IP: '0.0.0.0' }))).toContain('2001:db8::2');
    expect(told('alone', { RTC_LISTEN_IP: '127.0.0.1' })).toEqual(['127.0.0.1 127.0.0.1']);
  });
});

describe('what other nodes are told', () => {
  it('[ST14] as clients, unless the settings for pipes say otherwise', () => {
    expect(toldNodes('both')).toBe('0.0.0.0 192.0.2.2');
    expect(toldNodes('ipv6')).toBe(':: 2001:db8::2');
    expect(toldNodes('both', { RTC_ANNOUNCED_ADDRESS: '203.0.113.9' })).toBe('0.0.0.0 203.0.113.9');
    expect(toldNodes('both', { RTC_ANNOUNCED_ADDRESS: '203.0.113.9', PIPE_ANNOUNCED_ADDRESS: '10.0.0.2' })).toBe(
      '0.0.0.0 10.0.0.2',
    );
    expect(toldNodes('both', { RTC_ANNOUNCED_ADDRESS: 'sfu.example.org', PIPE_LISTEN_IP: '10.0.0.2' })).toBe(
      '10.0.0.2 10.0.0.2',
    );
    expect(toldNodes('both', { PIPE_LISTEN_IP: '::' })).toBe(':: 2001:db8::2');
  });

  it('[ST14] a name is no address to send to, which is said at the start with what to do', () => {
    const fault = faultOf(() => readNodeConfig({ RTC_ANNOUNCED_ADDRESS: 'sfu.example.org' }));
    expect(fault).toMatch(/^RTC_ANNOUNCED_ADDRESS is "sfu.example.org", a name.*set PIPE_ANNOUNCED_ADDRESS/);
    expect(faultOf(() => readNodeConfig({ PIPE_ANNOUNCED_ADDRESS: 'node-1.internal' }))).toContain('not an IP address');
  });
});

it.each([
  [{ RTC_ANNOUNCED_ADDRESS: '0.0.0.0' }, 'none that others can be told'],
  [{ PIPE_ANNOUNCED_ADDRESS: '::' }, 'none that others can be told'],
  [{ RTC_ANNOUNCED_ADDRESS: 'https://sfu.example.org' }, 'RTC_ANNOUNCED_ADDRESS'],
  [{ RTC_ANNOUNCED_ADDRESS: 'sfu.example.org:40000', PIPE_ANNOUNCED_ADDRESS: '10.0.0.2' }, 'host name'],
  [{ RTC_ANNOUNCED_ADDRESS: '300.1.1.1' }, 'RTC_ANNOUNCED_ADDRESS'],
  [{ RTC_ANNOUNCED_ADDRESS: '192.0.2.1,192.0.2.2' }, 'two addresses of one family'],
  [{ RTC_ANNOUNCED_ADDRESS: '192.0.2.1', RTC_LISTEN_IP: '10.0.0.1,10.0.0.2' }, 'exactly one'],
  [{ RTC_ANNOUNCED_ADDRESS: '2001:db8::1', RTC_LISTEN_IP: '10.0.0.1' }, 'exactly one'],
  [{ RTC_LISTEN_IP: '10.0.0.1,10.0.0.1' }, 'twice'],
  [{ RTC_LISTEN_IP: 'localhost' }, 'not an IP address'],
  [{ RTC_LISTEN_IP: 'fe80::1%eth0' }, 'not an IP address'],
  [{ RTC_PORT: '41990', WORKERS: '20' }, 'overlap'],
  [{ RTC_PORT: '42000', WORKERS: '1' }, 'overlap'],
  [{ RTC_PORT: '65535', WORKERS: '2', PIPE_PORT_MAX: '50000' }, 'RTC_PORT'],
  [{ RTC_PORT: '9090', WORKERS: '4' }, 'OPS_PORT'],
  [{ OPS_HOST: '10.0.0.1:9091' }, 'OPS_HOST'],
  [{ OPS_HOST: ' 10.0.0.1' }, 'OPS_HOST'],
] as [Record<string, string>, string][])('[ST14] %j are refused together', (settings, problem) => {
  expect(faultOf(() => readNodeConfig(settings))).toContain(problem);
});
