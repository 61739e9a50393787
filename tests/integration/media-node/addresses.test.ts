import { LocalCluster, outsideAddresses } from '@sluice/local';
import { isIPv6 } from 'node:net';
import { expect, it } from 'vitest';
import { RawPeer } from '../../support/raw/raw-peer.ts';
import { freePort } from '../../support/redis/redis-process.ts';

const shape = { nodes: 1, gateways: 1, workers: 1, port: 0, host: '127.0.0.1' };

/** The addresses that a client is told, each with its protocol. */
async function candidatesOf(options: Partial<Parameters<typeof LocalCluster.start>[0]>): Promise<string[]> {
  await using cluster = await LocalCluster.start({ ...shape, ...options });
  await using peer = await RawPeer.join({ url: cluster.url, node: 'node-1' }, 'addresses');
  const { iceCandidates = [] } = peer.joined.producerTransport ?? {};
  return iceCandidates.map(({ protocol, address }) => `${protocol} ${address}`).toSorted();
}

const both = (...addresses: string[]) =>
  addresses.flatMap((address) => [`tcp ${address}`, `udp ${address}`]).toSorted();
it('[ST17] media is received on loopback, and at a second address where that is asked for', async () => {
  expect(await candidatesOf({})).toEqual(both('127.0.0.1'));
  const [mediaAlsoAt = '127.0.0.2'] = outsideAddresses();
  expect(await candidatesOf({ mediaAlsoAt })).toEqual(both('127.0.0.1', mediaAlsoAt));
});

it('[ST13] both families share one port', async () => {
  const settings = {
    RTC_LISTEN_IP: '::',
    RTC_PORT: String(await freePort()),
    PIPE_PORT_MIN: '1024',
    PIPE_PORT_MAX: '1100',
  };
  const outside = outsideAddresses();
  const announced = outside.length > 0 ? {} : { RTC_ANNOUNCED_ADDRESS: '127.0.0.1,::1' };
  const told = await candidatesOf({ settings: { ...settings, ...announced } });
  const familyOf = (address: string) => (isIPv6(address) ? 'IPv6' : 'IPv4');
  const families = new Set((outside.length > 0 ? outside : ['127.0.0.1', '::1']).map(familyOf));
  expect(
    told
      .map((candidate) => candidate.split(' ')[1] ?? '')
      .map(familyOf)
      .toSorted(),
  ).toEqual([...families, ...families].toSorted());
});

it('[ST14] clients are told a name where other nodes are told an address', async () => {
  const settings = { RTC_ANNOUNCED_ADDRESS: 'sfu.example.org', PIPE_LISTEN_IP: '127.0.0.1' };
  expect(await candidatesOf({ settings })).toEqual(both('sfu.example.org'));
});
